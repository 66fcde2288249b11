import { closeSync, fstatSync, openSync, statSync } from 'node:fs';
import { tryLock } from 'fs-native-extensions';

/**
 * The locked byte: far beyond any data, since a lock on Windows also keeps its own process and backups from
 * reading what is locked.
 */
const LOCK_OFFSET = 2 ** 62;

/**
 * Opens and locks a data file, so that the lock lasts as long as the file, whatever happens to its name. The
 * operating system releases it when the process ends, in whatever way; closing the descriptor releases it earlier.
 *
 * @param flags 'r+', or 'a+' to create the file
 * @returns a descriptor; undefined if another process has the lock, or has just moved or replaced the file
 */
export function lockDataFile(path: string, flags: 'r+' | 'a+'): number | undefined {
  const descriptor = openIfThere(path, flags);
  if (descriptor === undefined) return undefined;
  try {
    if (tryLock(descriptor, LOCK_OFFSET, 1) && isAt(descriptor, path)) return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  closeSync(descriptor);
  return undefined;
}

/** Another process may have moved the file, or its folder, since the caller saw it. */
function openIfThere(path: string, flags: string): number | undefined {
  try {
    return openSync(path, flags);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whether the path leads to the open file. */
export function isAt(descriptor: number, path: string): boolean {
  const open = fstatSync(descriptor, { bigint: true });
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found !== undefined && found.dev === open.dev && found.ino === open.ino;
}
