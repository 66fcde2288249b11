import type { Config } from '../config/settings';
import { StartupError } from '../core/startup-error';

/** Reads all of the embedded store, and prints what cannot be read. @throws StartupError */
export async function checkStore({ mongodbUri, dataDir }: Config): Promise<void> {
  if (mongodbUri !== undefined)
    throw new StartupError('MONGODB_URI is set: --check-store checks the embedded store in DATA_DIR');
  const { checkStore } = await import('../storage/embedded/check-store');
  const { sessions, events, problems } = await checkStore(dataDir);
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  if (problems.length > 0)
    throw new StartupError(
      `DATA_DIR ${dataDir} is damaged: the lines above say what cannot be read; restore the whole folder from a backup`,
    );
  process.stdout.write(`DATA_DIR ${dataDir} is whole: ${sessions} sessions and ${events} events were read\n`);
}
