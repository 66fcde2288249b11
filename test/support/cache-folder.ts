import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Folder for programs that tests download once; outside the work tree, so that new clones share it. */
export function cacheFolder(): string {
  const { XDG_CACHE_HOME: given } = process.env;
  const caches = given === undefined || given === '' ? join(homedir(), '.cache') : given;
  const folder = join(caches, 'conversation-session-service');
  mkdirSync(folder, { recursive: true });
  return folder;
}
