import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { BUILT_SERVICE, ROOT } from '../test/support/built-service';
import type { Cleanup } from './run-bench';

const execute = promisify(execFile);

export interface CommitBuild {
  /** Abbreviated. */
  readonly hash: string;
  /** Path of the file that `npm start` would run. */
  readonly program: string;
}

/** Builds a commit with its own build script, in a temporary worktree that is removed when the benchmark ends. */
export async function buildCommit(
  commit: string,
  logProgress: (text: string) => void,
  addCleanup: (cleanup: Cleanup) => void,
): Promise<CommitBuild> {
  const hash = await resolveCommit(commit);
  const folder = mkdtempSync(join(tmpdir(), 'conversation-baseline-'));
  const worktree = join(folder, 'tree');
  const abort = new AbortController();
  addCleanup(() => removeWorktree(folder, worktree));
  addCleanup(() => abort.abort());
  const run = (program: string, options: readonly string[], cwd: string): Promise<void> =>
    runBuildStep(`${commit} (${hash})`, program, options, cwd, abort.signal);

  await run('git', ['worktree', 'add', '--quiet', '--detach', worktree, hash], ROOT);
  if (hasSameLockFile(worktree)) {
    // A junction, because symbolic links on Windows need a special privilege.
    symlinkSync(join(ROOT, 'node_modules'), join(worktree, 'node_modules'), 'junction');
  } else {
    logProgress(`npm ci for ${hash}, whose package-lock.json differs`);
    await run('npm', ['ci', '--no-audit', '--no-fund'], worktree);
  }
  logProgress(`build ${hash}`);
  await run('npm', ['run', '--silent', 'build'], worktree);
  const program = join(worktree, relative(ROOT, BUILT_SERVICE));
  if (!existsSync(program))
    throw new Error(
      `the build of ${commit} (${hash}) did not create ${relative(ROOT, BUILT_SERVICE)}: use a later commit`,
    );
  return { hash, program };
}

async function resolveCommit(commit: string): Promise<string> {
  try {
    const options = ['rev-parse', '--verify', '--quiet', '--short', '--end-of-options', `${commit}^{commit}`];
    return (await execute('git', options, { cwd: ROOT })).stdout.trim();
  } catch {
    throw new Error(
      `${commit} is not a commit in this repository: specify an existing hash, branch or tag (you may need git fetch)`,
    );
  }
}

/** An error message has only the first line of the output, because the folder it refers to is removed. */
async function runBuildStep(
  commit: string,
  program: string,
  options: readonly string[],
  cwd: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await execute(program, options, { cwd, signal });
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    const line = output.split('\n').find((text) => text.trim() !== '') ?? '';
    throw new Error(
      `cannot build ${commit}: ${[program, ...options.filter((option) => !option.startsWith('-'))].slice(0, 3).join(' ')} failed with "${line.trim()}"; check out that commit and get \`npm ci && npm run build\` to work, or use another commit`,
      { cause: error },
    );
  }
}

function hasSameLockFile(worktree: string): boolean {
  const [own, other] = [ROOT, worktree].map((folder) => join(folder, 'package-lock.json'));
  if (own === undefined || other === undefined || !existsSync(other)) return false;
  return readFileSync(own).equals(readFileSync(other));
}

/** Removes the link first, so that removing the folder cannot follow it. */
async function removeWorktree(folder: string, worktree: string): Promise<void> {
  const packages = join(worktree, 'node_modules');
  try {
    unlinkSync(packages);
  } catch {
    // It is a folder or does not exist.
  }
  await execute('git', ['worktree', 'remove', '--force', worktree], { cwd: ROOT }).catch(() => undefined);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
