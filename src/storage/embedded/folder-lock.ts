import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { tryLock } from 'fs-native-extensions';
import { StartupError } from '../../core/startup-error';

/**
 * Locks the folder for this process. The operating system releases the lock when the process ends,
 * in whatever way; the returned function releases it earlier.
 *
 * @throws StartupError if another process has the lock
 */
export function lockFolder(folder: string): () => void {
  const descriptor = openSync(join(folder, 'lock'), 'a+');
  if (!tryLock(descriptor)) {
    closeSync(descriptor);
    throw new StartupError(
      `DATA_DIR ${folder} is in use by another process of this service; stop that process, or set another folder`,
    );
  }
  return () => closeSync(descriptor);
}
