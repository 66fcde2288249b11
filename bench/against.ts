import { loadavg } from 'node:os';
import { buildCommit } from './commit-build';
import { divideCores } from './cores';
import type { JobResult } from './job';
import { LoadGenerator } from './load-generator';
import { describeMachine } from './machine';
import { ADD_EVENT, PAGE, SESSIONS, type Work } from './operations';
import type { AgainstOptions } from './options';
import { type Launcher, measureLaunch, withLaunch } from './paired-launch';
import { PAIRED_OPERATIONS, type PairedOperation } from './paired-operations';
import { forBoth, type Pair, roundsOfLaunches } from './paired-rounds';
import { type RoundSizes, unitsOfRound } from './round-size';
import type { Undo } from './run-bench';
import { embeddedStore, mongodbStore } from './store';
import { warmUp } from './warm-up';
import { buildWorkingTree } from './working-tree-build';

/**
 * Each build is started so many times: two processes of one build can differ by some per cent for as long as
 * they live, in what V8 makes of the code, and no number of rounds would show that.
 */
const LAUNCHES = 5;

const OPEN_STORE = { embedded: embeddedStore, mongodb: mongodbStore };

export interface AgainstReport {
  readonly machine: string;
  /** The baseline. */
  readonly commit: string;
  readonly rows: readonly AgainstRow[];
}

/** The pairs of an operation on a store, launch by launch. */
export interface AgainstRow {
  readonly operation: string;
  readonly store: string;
  readonly launches: readonly (readonly Pair[])[];
}

/** Measures the working tree against a commit, in rounds that take turns. */
export async function measureAgainst(
  { commit, stores, operations, rounds }: AgainstOptions,
  say: (what: string) => void,
  atEnd: (undo: Undo) => void,
): Promise<AgainstReport> {
  const date = new Date().toISOString();
  const load = loadavg()[0] ?? 0;
  const baseline = await buildCommit(commit, say, atEnd);
  say('build the working tree');
  const builds = { baseline: baseline.program, candidate: await buildWorkingTree(atEnd) };
  const cores = divideCores();
  const generator = new LoadGenerator();
  atEnd(() => generator.stop());

  const chosen = PAIRED_OPERATIONS.filter(({ call }) => operations.includes(call));
  const rows: AgainstRow[] = [];
  for (const name of stores) {
    const store = await OPEN_STORE[name](cores.serverPrefix);
    atEnd(() => store.remove());
    rows.push(...(await measureStore({ store, builds, generator }, chosen, rounds, say)));
  }
  return { machine: describeMachine(date, cores, load), commit: baseline.hash, rows };
}

async function measureStore(
  launcher: Launcher,
  operations: readonly PairedOperation[],
  rounds: number,
  say: (what: string) => void,
): Promise<AgainstRow[]> {
  const store = launcher.store.name;
  say(`how large a round is, ${store}`);
  const sizes = await sizeRounds(launcher, operations);
  const pairs = roundsOfLaunches(rounds, LAUNCHES);
  const launches: Pair[][][] = [];
  for (const [turn, count] of pairs.entries()) {
    say(`launch ${turn + 1} of ${pairs.length}, ${store}`);
    launches.push(await measureLaunch(launcher, turn, operations, sizes, count));
  }
  return operations.map(({ name }, index) => ({
    operation: name,
    store,
    launches: launches.map((launch) => launch[index] ?? []),
  }));
}

/** By a launch of its own, whose servers are loaded for a time, and so hold different data after it. */
function sizeRounds(launcher: Launcher, operations: readonly PairedOperation[]): Promise<RoundSizes> {
  return withLaunch(launcher, 0, async (targets) => {
    const last = await forBoth(0, async (side) => {
      const results = new Map<Work['call'], JobResult>();
      const sessions = await targets[side].ledger.create('warm-up', SESSIONS);
      await targets[side].run({ ...ADD_EVENT, inFlight: SESSIONS, upTo: PAGE }, sessions);
      const run = async (work: Work): Promise<void> => {
        results.set(work.call, await targets[side].run(work, sessions));
      };
      await warmUp(
        run,
        operations.map(({ work }) => work),
      );
      return results;
    });
    return new Map(
      operations.map(({ call, work }) => {
        const results = [last.baseline, last.candidate].map((ofBuild) => ofBuild.get(call));
        const known = results.filter((one) => one !== undefined);
        return [call, unitsOfRound(work, known)];
      }),
    );
  });
}
