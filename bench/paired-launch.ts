import { figuresOf } from './figures';
import type { JobSession } from './job';
import type { LoadGenerator } from './load-generator';
import { ADD_EVENT, SESSIONS } from './operations';
import type { PairedOperation } from './paired-operations';
import { type PerSide, forEachSide, type Pair, type Round } from './paired-rounds';
import { type RoundSizes, workOfRound } from './round-size';
import type { Store } from './store';
import { Target } from './target';

/** Pairs per operation that are not counted, while V8 optimises the code. */
const WARM_UP_ROUNDS = 14;

/** The parameters that all launches share. */
export interface Launcher {
  readonly store: Store;
  /** Paths of the programs. */
  readonly builds: PerSide<string>;
  readonly generator: LoadGenerator;
}

/** Starts a server of each build on an empty database, runs `work`, and deletes the databases. */
export async function withLaunch<Result>(
  { store, builds, generator }: Launcher,
  turn: number,
  work: (targets: PerSide<Target>) => Promise<Result>,
): Promise<Result> {
  const targets = await forEachSide(turn, async (side) => {
    const server = await store.startServer(side, builds[side]);
    return new Target(server, store.mongodPid, generator);
  });
  const result = await work(targets);
  await forEachSide(turn, async (side) => {
    await targets[side].stop();
    await store.drop(side);
  });
  return result;
}

/** Measures `pairs` pairs of rounds of each operation. */
export function measureLaunch(
  launcher: Launcher,
  turn: number,
  operations: readonly PairedOperation[],
  sizes: RoundSizes,
  pairs: number,
): Promise<Pair[][]> {
  return withLaunch(launcher, turn, async (targets) => {
    const prepared: PreparedOperation[] = [];
    for (const operation of operations) {
      const sessions = await forEachSide(turn, (side) => sessionsFor(operation, targets[side]));
      prepared.push({ operation, targets, sessions });
    }
    for (let round = 0; round < WARM_UP_ROUNDS; round += 1) {
      for (const each of prepared) await measurePair(each, sizes, turn + round);
    }
    const measured = prepared.map((): Pair[] => []);
    // The operations alternate too, so that a disturbance of some seconds affects only a few pairs of each.
    for (let round = 0; round < pairs; round += 1) {
      for (const [index, each] of prepared.entries())
        measured[index]?.push(await measurePair(each, sizes, turn + round));
    }
    return measured;
  });
}

/** An operation, and its sessions on each server. */
interface PreparedOperation {
  readonly operation: PairedOperation;
  readonly targets: PerSide<Target>;
  readonly sessions: PerSide<readonly JobSession[]>;
}

/** The sessions have the same IDs on both servers, so that the requests are identical. */
async function sessionsFor(
  { name, storedEvents }: PairedOperation,
  target: Target,
): Promise<readonly JobSession[]> {
  const sessions = await target.ledger.create(name, SESSIONS);
  if (storedEvents > 0) await target.run({ ...ADD_EVENT, inFlight: SESSIONS, upTo: storedEvents }, sessions);
  return sessions;
}

function measurePair(
  { operation, targets, sessions }: PreparedOperation,
  sizes: RoundSizes,
  turn: number,
): Promise<Pair> {
  return forEachSide(turn, async (side): Promise<Round> => {
    const [target, own] = [targets[side], sessions[side]];
    const stored = target.ledger.current(own)[0]?.stored ?? 0;
    const result = await target.run(workOfRound(operation, sizes, stored), own);
    if (!operation.isExpectedReply(result.reply))
      throw new Error(`${operation.name} of the ${side}: unexpected reply`);
    return figuresOf([result]);
  });
}
