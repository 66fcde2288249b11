import { readSync } from 'node:fs';
import { type MetaPage, NO_PAGE } from './meta-pages';

/** The layout of LMDB's pages, in bytes. */
const PAGE_HEADER = 24;
const NODE_HEADER = 8;

/** Flags of pages and nodes. */
const BRANCH = 0x01;
const LEAF = 0x02;
const BIG_VALUE = 0x01;

/** No tree is deeper. */
const MAX_DEPTH = 32;

/** The list, or a part of it, is not in the file. */
class Unreadable extends Error {}

/** Returns the numbers of the free pages, by the data file's own list; undefined if the list cannot be read. */
export function readFreePages(
  descriptor: number,
  meta: MetaPage,
  fileBytes: number,
): Set<number> | undefined {
  try {
    return new FreePages(descriptor, meta, fileBytes).read();
  } catch (error) {
    // A RangeError: a position beyond the end of a page.
    if (error instanceof Unreadable || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Reads the tree of LMDB's free pages from the file: through LMDB's own map, a missing page would end the process. */
class FreePages {
  private readonly pages = new Set<number>();

  constructor(
    private readonly descriptor: number,
    private readonly meta: MetaPage,
    private readonly fileBytes: number,
  ) {}

  read(): Set<number> {
    if (this.meta.freeRoot !== NO_PAGE) this.visit(Number(this.meta.freeRoot), 1);
    return this.pages;
  }

  private visit(page: number, depth: number): void {
    const { pageBytes } = this.meta;
    const bytes = this.bytesAt(page * pageBytes, pageBytes);
    const flags = bytes.readUInt16LE(18);
    if (depth > MAX_DEPTH || (flags & (BRANCH | LEAF)) === 0) throw new Unreadable();
    for (const node of nodesOf(bytes)) {
      if ((flags & BRANCH) !== 0) this.visit(node.readUIntLE(0, 6), depth + 1);
      else this.addRecord(this.valueOf(node));
    }
  }

  private valueOf(node: Buffer): Buffer {
    const length = node.readUInt32LE(0);
    const start = NODE_HEADER + node.readUInt16LE(6);
    if ((node.readUInt16LE(4) & BIG_VALUE) === 0) return node.subarray(start, start + length);
    const page = Number(node.readBigUInt64LE(start));
    return this.bytesAt(page * this.meta.pageBytes + PAGE_HEADER, length);
  }

  /** A record has its length, then page numbers. A negative number is a count, of pages from the next number on. */
  private addRecord(record: Buffer): void {
    const length = Number(record.readBigUInt64LE(0));
    let count = 1;
    for (let index = 1; index <= length; index += 1) {
      const entry = Number(record.readBigInt64LE(8 * index));
      if (entry < 0) {
        count = -entry;
      } else {
        if (entry + count > this.meta.lastPage + 1) throw new Unreadable();
        // The page 0, which is never free, fills unused places.
        if (entry > 0) for (let page = entry; page < entry + count; page += 1) this.pages.add(page);
        count = 1;
      }
    }
  }

  private bytesAt(position: number, length: number): Buffer {
    if (position + length > this.fileBytes) throw new Unreadable();
    const bytes = Buffer.alloc(length);
    readSync(this.descriptor, bytes, 0, length, position);
    return bytes;
  }
}

/** The nodes of a page. Each slice ends with the page, not with the node. */
function nodesOf(page: Buffer): Buffer[] {
  const count = page.readUInt16LE(20) / 2;
  return Array.from({ length: count }, (_, index) =>
    page.subarray(PAGE_HEADER + page.readUInt16LE(PAGE_HEADER + 2 * index)),
  );
}
