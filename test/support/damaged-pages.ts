import { readFileSync, writeFileSync } from 'node:fs';

const PAGE = 4096;
const PAGE_HEADER = 24;
const LEAF = 2;

/** Gives the values that contain the text a length of 1 GiB, in LMDB's pages: reading one ends a process by a signal. */
export function damageValues(dataFile: string, text: string): void {
  const bytes = readFileSync(dataFile);
  for (let start = 2 * PAGE; start < bytes.length; start += PAGE) {
    const page = bytes.subarray(start, start + PAGE);
    if (page.readUInt16LE(18) !== LEAF || !page.includes(text)) continue;
    for (let entry = 0; entry < page.readUInt16LE(20); entry += 2)
      page.writeUInt32LE(2 ** 30, PAGE_HEADER + page.readUInt16LE(PAGE_HEADER + entry));
  }
  writeFileSync(dataFile, bytes);
}
