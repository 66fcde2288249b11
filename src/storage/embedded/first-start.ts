import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, ftruncateSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { DamagedFile } from './files/damaged-file';
import { lockDataFile } from './files/data-file-lock';
import { renameDurably } from './files/durable';
import { storeFolder, type StoreFolder } from './files/store-folder';
import { openLmdb } from './lmdb';
import { writeMeta } from './store-meta';
import { Tables } from './tables/tables';

/**
 * Whether the folder has no store yet. An empty data file is taken for a first start only where nothing shows that
 * a store was here before. @throws DamagedFile
 */
export function isFirstStart({ dataFile, identityFile, readersFile, copyFolder }: StoreFolder): boolean {
  const size = statSync(dataFile, { throwIfNoEntry: false })?.size;
  if (size !== undefined && size > 0) return false;
  const wasUsed = existsSync(identityFile) || (size === 0 && existsSync(readersFile));
  if (existsSync(copyFolder)) throw new DamagedFile('it has only an incomplete copy of a store');
  if (wasUsed) throw new DamagedFile(`its data.mdb is ${size === 0 ? 'empty' : 'missing'}`);
  return true;
}

/**
 * Creates the data file. It is created in a folder of its own and then moved, so that it is never seen empty or in
 * part, also if the process is killed.
 *
 * @returns its descriptor, with the lock; undefined if another process was first
 */
export async function createDataFile(folder: StoreFolder): Promise<number | undefined> {
  const { dataFile, readersFile } = storeFolder(folder.newFolder);
  mkdirSync(folder.newFolder, { recursive: true });
  const descriptor = lockDataFile(dataFile, 'a+');
  if (descriptor === undefined) return undefined;
  try {
    // The lock moves with the file, so from here on no other process gets past this line.
    if (isFirstStart(folder)) {
      rmSync(readersFile, { force: true });
      ftruncateSync(descriptor);
      await writeEmptyStore(folder.newFolder);
      renameDurably(dataFile, folder.dataFile);
      return descriptor;
    }
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  closeSync(descriptor);
  return undefined;
}

async function writeEmptyStore(path: string): Promise<void> {
  const root = openLmdb(path);
  try {
    new Tables(root);
    await writeMeta(root, randomUUID());
  } finally {
    await root.close();
  }
}
