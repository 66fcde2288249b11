import { closeSync, existsSync, mkdirSync, openSync, readSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Database, open } from 'lmdb';
import type { StoreObserver } from '../../core/store-observer';
import { StartupError } from '../../core/startup-error';
import { DiskSpace } from './disk-space';
import { lockFolder } from './folder-lock';
import { EmbeddedSessionRepository } from './store';

/** The layout of keys and values. Data of another layout is refused, not guessed at. */
const FORMAT_VERSION = 2;
const FORMAT_KEY = 'format';

/** LMDB's own file, and the number by which it knows it, in the meta page behind the page's header. */
const DATA_FILE = 'data.mdb';
const MAGIC_OFFSET = 24;
const MAGIC = 0xbeefc0de;

export interface EmbeddedStoreSettings {
  /** Made where it is missing. */
  readonly folder: string;
  /** Free disk space below which writes are refused. */
  readonly minFreeDiskBytes: number;
  readonly observer: StoreObserver;
  /** Called once when a commit failed: nothing more can be acknowledged in this process. */
  readonly onFatal: (error: Error) => void;
}

/** Opens the LMDB store in its folder. @throws StartupError */
export function openEmbeddedStore(settings: EmbeddedStoreSettings): EmbeddedSessionRepository {
  const folder = resolve(settings.folder);
  const unlock = takeFolder(folder);
  try {
    checkFile(join(folder, DATA_FILE));
    const root = open({
      path: folder,
      // A folder, whatever its name: one with a dot would be taken for a file.
      noSubdir: false,
      // With overlapping sync a value can be read before it is durable, and stays so if its sync fails.
      overlappingSync: false,
      // With it LMDB makes a promise that nobody can get at; it rejects when a commit fails, and ends the process.
      eventTurnBatching: false,
      maxDbs: 8,
    });
    checkFormat(folder, root.openDB<number, string>({ name: 'meta' }));
    return new EmbeddedSessionRepository(
      root,
      new DiskSpace(folder, settings.minFreeDiskBytes),
      unlock,
      settings.onFatal,
      settings.observer,
    );
  } catch (error) {
    unlock();
    if (error instanceof StartupError) throw error;
    throw unusable(folder, error);
  }
}

function takeFolder(folder: string): () => void {
  try {
    mkdirSync(folder, { recursive: true });
    return lockFolder(folder);
  } catch (error) {
    if (error instanceof StartupError) throw error;
    throw unusable(folder, error);
  }
}

/** LMDB reads a file that is not its own as if it were, and takes the process down. */
function checkFile(path: string): void {
  const isNew = !existsSync(path) || statSync(path).size === 0;
  if (isNew) return;
  const descriptor = openSync(path, 'r');
  try {
    const magic = Buffer.alloc(4);
    readSync(descriptor, magic, 0, magic.length, MAGIC_OFFSET);
    if (magic.readUInt32LE() !== MAGIC) throw new Error(`${DATA_FILE} in it is no file of this service`);
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
      `DATA_DIR ${folder} has data of format ${found}, and this version of the service reads format ${FORMAT_VERSION}: run the version that wrote it, or use another folder`,
    );
  }
}

function unusable(folder: string, error: unknown): StartupError {
  const why = error instanceof Error ? error.message : String(error);
  return new StartupError(
    `DATA_DIR ${folder} cannot be used: ${why}; give a folder that this user can write to, on a local disk`,
  );
}
