import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { buildService, BUILT_SERVICE } from '../test/support/built-service';
import type { Undo } from './run-bench';

/** Builds the working tree and copies the build: servers start on it for minutes, and a build made meanwhile would replace it. */
export async function buildWorkingTree(atEnd: (undo: Undo) => void): Promise<string> {
  await buildService();
  // Below this checkout, where it finds its packages.
  const folder = mkdtempSync(join(dirname(BUILT_SERVICE), 'bench-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  const program = join(folder, basename(BUILT_SERVICE));
  copyFileSync(BUILT_SERVICE, program);
  return program;
}
