import { fstatSync } from 'node:fs';
import { DamagedFile } from './damaged-file';
import { readFreePages } from './free-pages';
import { type MetaPage, NO_PAGE, readMetaPages } from './meta-pages';

/**
 * Checks that a data file has all pages that its meta page promises: LMDB maps the file without checking, and a page
 * beyond its end kills the process. Call only while no process writes to the file. @throws DamagedFile
 */
export function checkPages(descriptor: number): void {
  const metaPages = readMetaPages(descriptor);
  for (const { freeRoot, mainRoot, lastPage } of metaPages) {
    for (const root of [freeRoot, mainRoot]) {
      const isPage = root >= 2n && root <= BigInt(lastPage);
      if (root !== NO_PAGE && !isPage) throw new DamagedFile('its data.mdb has a damaged meta page');
    }
  }
  const [meta] = metaPages;
  const { size } = fstatSync(descriptor);
  const needed = (meta.lastPage + 1) * meta.pageBytes;
  if (size < needed && !endIsFree(descriptor, meta, size))
    throw new DamagedFile(`its data.mdb is cut short: it has ${size} of ${needed} bytes`);
}

/** LMDB writes no page that was freed in the transaction that added it, so a whole file may end before its last page. */
function endIsFree(descriptor: number, meta: MetaPage, size: number): boolean {
  const free = readFreePages(descriptor, meta, size);
  if (free === undefined) return false;
  for (let page = Math.floor(size / meta.pageBytes); page <= meta.lastPage; page += 1) {
    if (!free.has(page)) return false;
  }
  return true;
}
