import { errorLine } from '../../core/error-message';
import { StartupError } from '../../core/startup-error';
import { DamagedFile } from './files/damaged-file';
import { FORMAT_VERSION, OtherFormat } from './store-meta';

/** How LMDB names damage that it finds itself. */
const DAMAGE_CODES = /MDB_(CORRUPTED|BAD_TXN|INVALID|PAGE_NOTFOUND)/;

/** Runs the work, and turns what it throws into a StartupError that says what to do. */
export async function explained<Value>(folder: string, work: () => Promise<Value>): Promise<Value> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StartupError) throw error;
    if (error instanceof OtherFormat) throw otherFormat(folder, error);
    const advice =
      error instanceof DamagedFile || DAMAGE_CODES.test(errorLine(error))
        ? 'restore the whole folder from a backup, or use another folder'
        : 'use a folder on a local disk that this user can write to';
    throw new StartupError(`DATA_DIR ${folder} cannot be used: ${errorLine(error)}; ${advice}`);
  }
}

export function inUse(folder: string): StartupError {
  return new StartupError(
    `DATA_DIR ${folder} is in use by another process of this service; stop that process, or set another folder`,
  );
}

function otherFormat(folder: string, { format }: OtherFormat): StartupError {
  return new StartupError(
    `DATA_DIR ${folder} has data in format ${String(format)}, but this version of the service reads format ${FORMAT_VERSION}: run the version that wrote it, or use another folder`,
  );
}
