import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { isFirstStart } from './first-start';
import { DamagedFile } from './files/damaged-file';
import { lockDataFile } from './files/data-file-lock';
import { checkPages } from './files/page-check';
import { storeFolder, type StoreFolder } from './files/store-folder';
import type { Contents } from './read-store';
import { explained, inUse } from './startup-errors';

/** The option of this program that runs `readStore` on a folder and prints what it returns, as JSON. */
export const READ_STORE_OPTION = '--read-store';

/** Checks a store's files and reads all of it, while no server has it open. @throws StartupError */
export async function checkStore(path: string): Promise<Contents> {
  const folder = storeFolder(resolve(path));
  return explained(folder.path, () => readWhole(folder));
}

/** Checks a store's files and reads all of it. @throws DamagedFile; StartupError if a server has the store open */
export async function readWhole(folder: StoreFolder): Promise<Contents> {
  if (isFirstStart(folder)) throw new DamagedFile('it has no store');
  const descriptor = lockDataFile(folder.dataFile, 'r+');
  if (descriptor === undefined) throw inUse(folder.path);
  try {
    checkPages(descriptor);
    return await readInChild(folder.path);
  } finally {
    closeSync(descriptor);
  }
}

/** Reads the store in a process of its own, which damaged pages may end by a signal. */
async function readInChild(path: string): Promise<Contents> {
  const [, program = ''] = process.argv;
  const child = spawn(process.execPath, [...process.execArgv, program, READ_STORE_OPTION, path], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exit = new Promise<Pick<ChildProcess, 'exitCode' | 'signalCode'>>((resolve, reject) => {
    child.once('error', reject).once('close', () => resolve(child));
  });
  const [stdout, stderr, { exitCode, signalCode }] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    exit,
  ]);
  if (signalCode !== null) throw new DamagedFile(`reading its tables ended a process by ${signalCode}`);
  if (exitCode !== 0) throw new DamagedFile(`its tables cannot be read: ${stderr.trim()}`);
  return JSON.parse(stdout) as Contents;
}
