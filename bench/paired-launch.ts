import { figuresOf } from './figures';
import type { JobSession } from './job';
import type { LoadGenerator } from './load-generator';
import { ADD_EVENT, SESSIONS } from './operations';
import type { PairedOperation } from './paired-operations';
import { type Both, forBoth, type Pair, type Round } from './paired-rounds';
import { type RoundSizes, workOfRound } from './round-size';
import type { Store } from './store';
import { Target } from './target';

/** Pairs of each operation that are not counted: so long it takes until V8 has optimised what they run. */
const WARM_UP_ROUNDS = 14;

/** What launches have in common. */
export interface Launcher {
  readonly store: Store;
  /** The programs. */
  readonly builds: Both<string>;
  readonly generator: LoadGenerator;
}

/** Starts a server of each build on an empty database, and deletes the databases after the work. */
export async function withLaunch<Done>(
  { store, builds, generator }: Launcher,
  turn: number,
  work: (targets: Both<Target>) => Promise<Done>,
): Promise<Done> {
  const targets = await forBoth(turn, async (side) => {
    const server = await store.startServer(side, builds[side]);
    return new Target(server, store.mongodPid, generator);
  });
  const done = await work(targets);
  await forBoth(turn, async (side) => {
    await targets[side].stop();
    await store.drop(side);
  });
  return done;
}

/** Measures so many pairs of each operation. */
export function measureLaunch(
  launcher: Launcher,
  turn: number,
  operations: readonly PairedOperation[],
  sizes: RoundSizes,
  pairs: number,
): Promise<Pair[][]> {
  return withLaunch(launcher, turn, async (targets) => {
    const prepared: Prepared[] = [];
    for (const operation of operations) {
      const sessions = await forBoth(turn, (side) => sessionsFor(operation, targets[side]));
      prepared.push({ operation, targets, sessions });
    }
    for (let round = 0; round < WARM_UP_ROUNDS; round += 1) {
      for (const each of prepared) await measurePair(each, sizes, turn + round);
    }
    const measured = prepared.map((): Pair[] => []);
    // The operations take turns too: a disturbance of some seconds then falls on a few pairs of each.
    for (let round = 0; round < pairs; round += 1) {
      for (const [index, each] of prepared.entries())
        measured[index]?.push(await measurePair(each, sizes, turn + round));
    }
    return measured;
  });
}

/** An operation, and the sessions that it works on at each build. */
interface Prepared {
  readonly operation: PairedOperation;
  readonly targets: Both<Target>;
  readonly sessions: Both<readonly JobSession[]>;
}

/** The sessions have the same ids at both builds, so that the requests are the same bytes. */
async function sessionsFor(
  { name, prepared }: PairedOperation,
  target: Target,
): Promise<readonly JobSession[]> {
  const sessions = await target.ledger.create(name, SESSIONS);
  if (prepared > 0) await target.run({ ...ADD_EVENT, inFlight: SESSIONS, upTo: prepared }, sessions);
  return sessions;
}

function measurePair(
  { operation, targets, sessions }: Prepared,
  sizes: RoundSizes,
  turn: number,
): Promise<Pair> {
  return forBoth(turn, async (side): Promise<Round> => {
    const [target, own] = [targets[side], sessions[side]];
    const stored = target.ledger.now(own)[0]?.stored ?? 0;
    const result = await target.run(workOfRound(operation, sizes, stored), own);
    if (!operation.isRight(result.reply))
      throw new Error(`${operation.name} of the ${side}: a reply is not what it should be`);
    return figuresOf([result]);
  });
}
