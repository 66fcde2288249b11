import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

/** This checkout. */
export const ROOT = resolve(__dirname, '..', '..');

/** What `npm start` runs. */
export const BUILT_SERVICE = join(ROOT, 'dist', 'main.js');

/** Builds what the tests start, as `npm start` does. Once, before any test: a build under a test would pull the file away. */
export async function buildService(): Promise<void> {
  await promisify(execFile)('npm', ['run', '--silent', 'build'], { cwd: ROOT });
}
