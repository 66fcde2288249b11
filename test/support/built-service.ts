import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

/** The root folder of the repository. */
export const ROOT = resolve(__dirname, '..', '..');

/** The file that `npm start` runs. */
export const BUILT_SERVICE = join(ROOT, 'dist', 'main.js');

/** Builds the service, as `npm start` does. Call it only once, before all tests: another build would replace the file that tests run. */
export async function buildService(): Promise<void> {
  await promisify(execFile)('npm', ['run', '--silent', 'build'], { cwd: ROOT });
}
