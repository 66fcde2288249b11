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
import { forEachSide, type Pair, pairsPerLaunch } from './paired-rounds';
import { type RoundSizes, unitsOfRound } from './round-size';
import type { Cleanup } from './run-bench';
import { embeddedStore, mongodbStore } from './store';
import { warmUp } from './warm-up';
import { buildWorkingTree } from './working-tree-build';

/**
 * How many times each build is started. Two processes of the same build can differ by a few per cent for their
 * whole lifetime, because V8 optimises their code differently. More rounds would not average that out.
 */
const LAUNCHES = 5;

const OPEN_STORE = { embedded: embeddedStore, mongodb: mongodbStore };

export interface AgainstReport {
  readonly machine: string;
  /** The baseline's abbreviated hash. */
  readonly commit: string;
  readonly rows: readonly AgainstRow[];
}

/** One operation on one store: the pairs of rounds, by launch. */
export interface AgainstRow {
  readonly operation: string;
  readonly store: string;
  readonly launches: readonly (readonly Pair[])[];
}

/** Compares the working tree with a commit, in alternating rounds. */
export async function measureAgainst(
  { commit, stores, operations, rounds }: AgainstOptions,
  logProgress: (text: string) => void,
  addCleanup: (cleanup: Cleanup) => void,
): Promise<AgainstReport> {
  const date = new Date().toISOString();
  const loadAverage = loadavg()[0] ?? 0;
  const baseline = await buildCommit(commit, logProgress, addCleanup);
  logProgress('build the working tree');
  const builds = { baseline: baseline.program, candidate: await buildWorkingTree(addCleanup) };
  const cores = divideCores();
  const generator = new LoadGenerator();
  addCleanup(() => generator.stop());

  const chosen = PAIRED_OPERATIONS.filter(({ call }) => operations.includes(call));
  const rows: AgainstRow[] = [];
  for (const name of stores) {
    const store = await OPEN_STORE[name](cores.serverPrefix);
    addCleanup(() => store.remove());
    rows.push(...(await measureStore({ store, builds, generator }, chosen, rounds, logProgress)));
  }
  return { machine: describeMachine(date, cores, loadAverage), commit: baseline.hash, rows };
}

async function measureStore(
  launcher: Launcher,
  operations: readonly PairedOperation[],
  rounds: number,
  logProgress: (text: string) => void,
): Promise<AgainstRow[]> {
  const store = launcher.store.name;
  logProgress(`determine round sizes, ${store}`);
  const sizes = await sizeRounds(launcher, operations);
  const counts = pairsPerLaunch(rounds, LAUNCHES);
  const launches: Pair[][][] = [];
  for (const [launch, count] of counts.entries()) {
    logProgress(`launch ${launch + 1} of ${counts.length}, ${store}`);
    launches.push(await measureLaunch(launcher, launch, operations, sizes, count));
  }
  return operations.map(({ name }, index) => ({
    operation: name,
    store,
    launches: launches.map((launch) => launch[index] ?? []),
  }));
}

/** Uses a separate launch, because its loads run for a fixed time and leave different data on the two servers. */
function sizeRounds(launcher: Launcher, operations: readonly PairedOperation[]): Promise<RoundSizes> {
  return withLaunch(launcher, 0, async (targets) => {
    const lastResults = await forEachSide(0, async (side) => {
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
        const results = [lastResults.baseline, lastResults.candidate].map((ofSide) => ofSide.get(call));
        const known = results.filter((result) => result !== undefined);
        return [call, unitsOfRound(work, known)];
      }),
    );
  });
}
