import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where programs that tests fetch once are kept: outside the work tree, so that a fresh clone finds them. */
export function cacheFolder(): string {
  const { XDG_CACHE_HOME: given } = process.env;
  const caches = given === undefined || given === '' ? join(homedir(), '.cache') : given;
  const folder = join(caches, 'conversation-session-service');
  mkdirSync(folder, { recursive: true });
  return folder;
}
