import { closeSync, existsSync, mkdirSync, openSync, readSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import { errorMessage } from '../../core/error-message';
import { StartupError } from '../../core/startup-error';
import { lockFolder } from './folder-lock';
import { Tables } from './tables/tables';

/** The version of the layout of keys and values. Data of another version is refused. */
const FORMAT_VERSION = 3;
const FORMAT_KEY = 'format';

/** LMDB's data file, and the magic number in its meta page, after the page header. */
const DATA_FILE = 'data.mdb';
const MAGIC_OFFSET = 24;
const MAGIC = 0xbeefc0de;

/** An open LMDB environment in a locked folder. */
export interface Environment {
  /** Absolute. */
  readonly folder: string;
  readonly root: RootDatabase;
  readonly tables: Tables;
  close(): Promise<void>;
}

/** Locks the folder, creating it if necessary, and opens LMDB in it. @throws StartupError */
export function openEnvironment(path: string): Environment {
  const folder = resolve(path);
  const unlock = createAndLock(folder);
  try {
    checkFile(join(folder, DATA_FILE));
    const root = open({
      path: folder,
      // Without it LMDB takes a folder whose name has a dot for a file.
      noSubdir: false,
      // With overlapping sync a value can be read before it is durable, and stays readable if its sync fails.
      overlappingSync: false,
      // With it LMDB creates an unreachable promise, whose rejection after a failed commit ends the process.
      eventTurnBatching: false,
      maxDbs: 8,
    });
    checkFormat(folder, root.openDB<number, string>({ name: 'meta' }));
    const close = async (): Promise<void> => {
      await root.close();
      unlock();
    };
    return { folder, root, tables: new Tables(root), close };
  } catch (error) {
    unlock();
    if (error instanceof StartupError) throw error;
    throw unusable(folder, error);
  }
}

function createAndLock(folder: string): () => void {
  try {
    mkdirSync(folder, { recursive: true });
    return lockFolder(folder);
  } catch (error) {
    if (error instanceof StartupError) throw error;
    throw unusable(folder, error);
  }
}

/** Refuses a file that is not LMDB's: LMDB would read it regardless, and crash the process. */
function checkFile(path: string): void {
  const isNew = !existsSync(path) || statSync(path).size === 0;
  if (isNew) return;
  const descriptor = openSync(path, 'r');
  try {
    const magic = Buffer.alloc(4);
    readSync(descriptor, magic, 0, magic.length, MAGIC_OFFSET);
    if (magic.readUInt32LE() !== MAGIC)
      throw new Error(`its ${DATA_FILE} is not a data file of this service`);
  } finally {
    closeSync(descriptor);
  }
}

function checkFormat(folder: string, meta: Database<number, string>): void {
  const found = meta.get(FORMAT_KEY);
  if (found === undefined) {
    meta.putSync(FORMAT_KEY, FORMAT_VERSION);
  } else if (found !== FORMAT_VERSION) {
    throw new StartupError(
      `DATA_DIR ${folder} has data in format ${found}, but this version of the service reads format ${FORMAT_VERSION}: run the version that wrote it, or use another folder`,
    );
  }
}

function unusable(folder: string, error: unknown): StartupError {
  return new StartupError(
    `DATA_DIR ${folder} cannot be used: ${errorMessage(error)}; use a folder on a local disk that this user can write to`,
  );
}
