import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The folder for programs that tests download once; outside the work tree, so that all clones share it. */
export function cacheFolder(): string {
  const { XDG_CACHE_HOME: configured } = process.env;
  const caches = configured === undefined || configured === '' ? join(homedir(), '.cache') : configured;
  const folder = join(caches, 'conversation-session-service');
  mkdirSync(folder, { recursive: true });
  return folder;
}
