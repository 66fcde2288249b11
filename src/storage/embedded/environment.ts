import { closeSync, mkdirSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import type { RootDatabase } from 'lmdb';
import { createDataFile, isFirstStart } from './first-start';
import { DataFileGuard } from './files/data-file-guard';
import { lockDataFile } from './files/data-file-lock';
import { keepIdentity } from './files/identity';
import { OpenMarker } from './files/open-marker';
import { checkPages } from './files/page-check';
import { storeFolder, type StoreFolder } from './files/store-folder';
import { openLmdb } from './lmdb';
import { explained, inUse } from './startup-errors';
import { checkTables, readMeta } from './store-meta';
import { Tables } from './tables/tables';

/** An open LMDB environment in a locked folder. */
export interface Environment {
  /** Absolute. */
  readonly folder: string;
  readonly root: RootDatabase;
  readonly tables: Tables;
  readonly guard: DataFileGuard;
  close(): Promise<void>;
}

/**
 * Locks the folder, creating it if necessary, checks its files, and opens LMDB in it.
 *
 * @param onUncleanEnd called before LMDB reads the data, if the previous process did not close the store
 * @throws StartupError
 */
export async function openEnvironment(path: string, onUncleanEnd: () => void): Promise<Environment> {
  const folder = storeFolder(resolve(path));
  return explained(folder.path, async () => {
    mkdirSync(folder.path, { recursive: true });
    const descriptor = isFirstStart(folder)
      ? await createDataFile(folder)
      : lockDataFile(folder.dataFile, 'r+');
    if (descriptor === undefined) throw inUse(folder.path);
    try {
      return await openLocked(folder, descriptor, onUncleanEnd);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  });
}

async function openLocked(
  folder: StoreFolder,
  descriptor: number,
  onUncleanEnd: () => void,
): Promise<Environment> {
  rmSync(folder.newFolder, { recursive: true, force: true });
  checkPages(descriptor);
  const marker = new OpenMarker(folder.markerFile);
  if (marker.wasLeft) onUncleanEnd();
  marker.put();
  try {
    return await openChecked(folder, descriptor, marker);
  } catch (error) {
    if (!marker.wasLeft) marker.remove();
    throw error;
  }
}

async function openChecked(
  folder: StoreFolder,
  descriptor: number,
  marker: OpenMarker,
): Promise<Environment> {
  const root = openLmdb(folder.path);
  try {
    keepIdentity(folder.identityFile, readMeta(root));
    checkTables(root);
    const tables = new Tables(root);
    const guard = new DataFileGuard(folder.dataFile, descriptor);
    const close = async (): Promise<void> => {
      await root.close();
      // In another folder of this name, or beside another file, the marker is not this process's.
      if (guard.isAtPath()) marker.remove();
      closeSync(descriptor);
    };
    return { folder: folder.path, root, tables, guard, close };
  } catch (error) {
    await root.close();
    throw error;
  }
}
