import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { BUILT_SERVICE, ROOT } from '../test/support/built-service';
import type { Undo } from './run-bench';

const execute = promisify(execFile);

export interface CommitBuild {
  /** Short, for the reader of the table. */
  readonly hash: string;
  /** What `npm start` would run. */
  readonly program: string;
}

/** Builds a commit by its own script in a worktree of its own, which goes when the bench ends. */
export async function buildCommit(
  commit: string,
  say: (what: string) => void,
  atEnd: (undo: Undo) => void,
): Promise<CommitBuild> {
  const hash = await hashOf(commit);
  const folder = mkdtempSync(join(tmpdir(), 'conversation-baseline-'));
  const tree = join(folder, 'tree');
  const ending = new AbortController();
  atEnd(() => removeTree(folder, tree));
  atEnd(() => ending.abort());
  const run = (program: string, options: readonly string[], cwd: string): Promise<void> =>
    step(`${commit} (${hash})`, program, options, cwd, ending.signal);

  await run('git', ['worktree', 'add', '--quiet', '--detach', tree, hash], ROOT);
  if (hasSamePackages(tree)) {
    // A junction: on Windows that takes no right of its own.
    symlinkSync(join(ROOT, 'node_modules'), join(tree, 'node_modules'), 'junction');
  } else {
    say(`npm ci for ${hash}, whose package-lock.json differs`);
    await run('npm', ['ci', '--no-audit', '--no-fund'], tree);
  }
  say(`build ${hash}`);
  await run('npm', ['run', '--silent', 'build'], tree);
  const program = join(tree, relative(ROOT, BUILT_SERVICE));
  if (!existsSync(program))
    throw new Error(
      `${commit} (${hash}) has no ${relative(ROOT, BUILT_SERVICE)} once it is built: take a later commit`,
    );
  return { hash, program };
}

async function hashOf(commit: string): Promise<string> {
  try {
    const options = ['rev-parse', '--verify', '--quiet', '--short', '--end-of-options', `${commit}^{commit}`];
    return (await execute('git', options, { cwd: ROOT })).stdout.trim();
  } catch {
    throw new Error(
      `${commit} is no commit of this repository: give a hash, branch or tag that it has, after a git fetch if need be`,
    );
  }
}

/** One line of what the program said is enough: the folder it ran in is gone by the time that one reads it. */
async function step(
  commit: string,
  program: string,
  options: readonly string[],
  cwd: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await execute(program, options, { cwd, signal });
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    const line = said.split('\n').find((one) => one.trim() !== '') ?? 'nothing';
    throw new Error(
      `${commit} cannot be built here: ${[program, ...options.filter((one) => !one.startsWith('-'))].slice(0, 3).join(' ')} says "${line.trim()}"; check that commit out and make \`npm ci && npm run build\` work, or take another`,
      { cause: error },
    );
  }
}

function hasSamePackages(tree: string): boolean {
  const [here, there] = [ROOT, tree].map((folder) => join(folder, 'package-lock.json'));
  if (here === undefined || there === undefined || !existsSync(there)) return false;
  return readFileSync(here).equals(readFileSync(there));
}

/** The link goes first: nothing that removes the folder should follow it. */
async function removeTree(folder: string, tree: string): Promise<void> {
  const packages = join(tree, 'node_modules');
  try {
    unlinkSync(packages);
  } catch {
    // It is a folder, or is not there.
  }
  await execute('git', ['worktree', 'remove', '--force', tree], { cwd: ROOT }).catch(() => undefined);
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
