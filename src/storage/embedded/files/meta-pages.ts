import { readSync } from 'node:fs';
import { DamagedFile } from './damaged-file';

/** LMDB's magic number, and the version of its file format. */
const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;

/** Bytes of a meta page that have a meaning. */
const META_BYTES = 160;

const MIN_PAGE_BYTES = 512;
const MAX_PAGE_BYTES = 65_536;

/** What one of LMDB's two meta pages says. The one of the later transaction is in force. */
export interface MetaPage {
  readonly pageBytes: number;
  /** Root pages of the list of free pages and of the list of tables; NO_PAGE if there is none. */
  readonly freeRoot: bigint;
  readonly mainRoot: bigint;
  /** Number of the last page in use, from 0 on. */
  readonly lastPage: number;
  /** Number of the transaction that wrote this page. */
  readonly transaction: number;
  /** The page's own bytes. */
  readonly bytes: Buffer;
}

/** The page number of a tree without pages. */
export const NO_PAGE = 2n ** 64n - 1n;

/** Reads both meta pages, the later one first. @throws DamagedFile */
export function readMetaPages(descriptor: number): readonly [MetaPage, MetaPage] {
  const first = readMetaPage(descriptor, 0);
  const second = readMetaPage(descriptor, first.pageBytes);
  if (second.pageBytes !== first.pageBytes)
    throw new DamagedFile('the meta pages of data.mdb name different page sizes');
  if (!areConsecutive(first.transaction, second.transaction))
    throw new DamagedFile('its data.mdb has a damaged meta page');
  return first.transaction > second.transaction ? [first, second] : [second, first];
}

/** LMDB writes its transactions to the two pages in turn, the even ones to the first. A new file has none. */
function areConsecutive(first: number, second: number): boolean {
  if (first === 0 && second === 0) return true;
  return first % 2 === 0 && Math.abs(first - second) === 1;
}

function readMetaPage(descriptor: number, position: number): MetaPage {
  const bytes = Buffer.alloc(META_BYTES);
  const length = readSync(descriptor, bytes, 0, META_BYTES, position);
  if (bytes.readUInt32LE(24) !== MAGIC) {
    const problem = position === 0 ? 'is not a data file of this service' : 'has a damaged meta page';
    throw new DamagedFile(`its data.mdb ${problem}`);
  }
  if (length < META_BYTES) throw new DamagedFile('its data.mdb is cut short');
  const version = bytes.readUInt16LE(28);
  if (version !== DATA_VERSION)
    throw new DamagedFile(`its data.mdb has LMDB's format ${version}, not ${DATA_VERSION}`);
  const pageBytes = bytes.readUInt32LE(48);
  const isPageSize =
    pageBytes >= MIN_PAGE_BYTES && pageBytes <= MAX_PAGE_BYTES && (pageBytes & (pageBytes - 1)) === 0;
  if (!isPageSize) throw new DamagedFile(`its data.mdb has pages of ${pageBytes} bytes`);
  return {
    pageBytes,
    freeRoot: bytes.readBigUInt64LE(88),
    mainRoot: bytes.readBigUInt64LE(136),
    lastPage: Number(bytes.readBigUInt64LE(144)),
    transaction: Number(bytes.readBigUInt64LE(152)),
    bytes,
  };
}
