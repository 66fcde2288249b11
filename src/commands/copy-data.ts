import { StartupError } from '../core/startup-error';

/** Copies an embedded store to a new folder, also while a server uses it. @throws StartupError */
export async function copyData(folders: readonly string[]): Promise<void> {
  const [from, to] = folders;
  if (from === undefined || to === undefined || folders.length > 2)
    throw new StartupError('name the DATA_DIR to copy, and a new folder for the copy');
  const { StoreCopy } = await import('../storage/embedded/store-copy');
  const copy = new StoreCopy(from, to);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.once(signal, () => {
      copy.remove();
      process.stderr.write(`${signal}: nothing was copied\n`);
      process.exit(1);
    });
  }
  const { sessions, events } = await copy.make();
  process.stdout.write(`${to} has a copy of ${sessions} sessions and ${events} events\n`);
}
