import { errorLine } from '../core/error-message';
import { StartupError } from '../core/startup-error';

/** Reads an embedded store, and prints its contents as JSON. Damaged data may end the process by a signal. */
export async function readStore(folders: readonly string[]): Promise<void> {
  const [folder] = folders;
  if (folder === undefined || folders.length > 1) throw new StartupError('name the folder of a store');
  const { readStore } = await import('../storage/embedded/read-store');
  const contents = await readStore(folder).catch((error: unknown) => {
    throw new StartupError(errorLine(error));
  });
  process.stdout.write(JSON.stringify(contents));
}
