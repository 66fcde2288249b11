import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { tryLock } from 'fs-native-extensions';
import { StartupError } from '../../core/startup-error';

/**
 * Takes the folder for this process alone, by a lock that the system lets go of
 * when the process ends, however it ends. Returns what lets go of it earlier.
 */
export function lockFolder(folder: string): () => void {
  const descriptor = openSync(join(folder, 'lock'), 'a+');
  if (!tryLock(descriptor)) {
    closeSync(descriptor);
    throw new StartupError(
      `DATA_DIR ${folder} is in use by another process of this service: stop that one, or give this one a folder of its own`,
    );
  }
  return () => closeSync(descriptor);
}
