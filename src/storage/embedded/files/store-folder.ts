import { join } from 'node:path';

/** The files of a store. */
export interface StoreFolder {
  /** Absolute. */
  readonly path: string;
  /** LMDB's data file and its table of readers. */
  readonly dataFile: string;
  readonly readersFile: string;
  /** Says that a store is here, and which. */
  readonly identityFile: string;
  /** Exists while a process has the store open. */
  readonly markerFile: string;
  /** Folder in which the data file is created. */
  readonly newFolder: string;
  /** Folder in which a copy of a store is made. */
  readonly copyFolder: string;
}

/** @param path absolute */
export function storeFolder(path: string): StoreFolder {
  return {
    path,
    dataFile: join(path, 'data.mdb'),
    readersFile: join(path, 'lock.mdb'),
    identityFile: join(path, 'store.json'),
    markerFile: join(path, 'lock'),
    newFolder: join(path, 'new'),
    copyFolder: join(path, 'incomplete'),
  };
}
