import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Database, open } from 'lmdb';
import { StartError } from '../../core/start-error';
import { DiskSpace } from './disk-space';
import { lockFolder } from './folder-lock';
import { EmbeddedSessionRepository } from './repository';

/** The layout of keys and values. Data of another layout is refused, not guessed at. */
const FORMAT_VERSION = 1;
const FORMAT_KEY = 'format';

export interface EmbeddedStoreSettings {
  /** Made where it is missing. */
  readonly folder: string;
  /** Free disk space below which writes are refused. */
  readonly diskReserveBytes: number;
  /** Called once when a commit failed: nothing more can be acknowledged in this process. */
  readonly onFatal: (error: Error) => void;
}

/** Opens the LMDB store in its folder. @throws StartError */
export function openEmbeddedStore(settings: EmbeddedStoreSettings): EmbeddedSessionRepository {
  const folder = resolve(settings.folder);
  const unlock = takeFolder(folder);
  try {
    const root = open({
      path: folder,
      // With overlapping sync a value can be read before it is durable, and stays so if its sync fails.
      overlappingSync: false,
      maxDbs: 8,
    });
    checkFormat(folder, root.openDB<number, string>({ name: 'meta' }));
    return new EmbeddedSessionRepository(
      root,
      new DiskSpace(folder, settings.diskReserveBytes),
      unlock,
      settings.onFatal,
    );
  } catch (error) {
    unlock();
    if (error instanceof StartError) throw error;
    throw unusable(folder, error);
  }
}

function takeFolder(folder: string): () => void {
  try {
    mkdirSync(folder, { recursive: true });
    return lockFolder(folder);
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw unusable(folder, error);
  }
}

function checkFormat(folder: string, meta: Database<number, string>): void {
  const found = meta.get(FORMAT_KEY);
  if (found === undefined) {
    meta.putSync(FORMAT_KEY, FORMAT_VERSION);
  } else if (found !== FORMAT_VERSION) {
    throw new StartError(
      `DATA_DIR ${folder} has data of format ${found}, and this version of the service reads format ${FORMAT_VERSION}: run the version that wrote it, or use another folder`,
    );
  }
}

function unusable(folder: string, error: unknown): StartError {
  const why = error instanceof Error ? error.message : String(error);
  return new StartError(
    `DATA_DIR ${folder} cannot be used: ${why}; give a folder that this user can write to, on a local disk`,
  );
}
