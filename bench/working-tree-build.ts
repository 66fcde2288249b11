import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { buildService, BUILT_SERVICE } from '../test/support/built-service';
import type { Cleanup } from './run-bench';

/** Builds the working tree, and copies the result, since another build during the measurement would replace it. */
export async function buildWorkingTree(addCleanup: (cleanup: Cleanup) => void): Promise<string> {
  await buildService();
  // Inside this checkout, so that it finds node_modules.
  const folder = mkdtempSync(join(dirname(BUILT_SERVICE), 'bench-'));
  addCleanup(() => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, basename(BUILT_SERVICE));
  copyFileSync(BUILT_SERVICE, program);
  return program;
}
