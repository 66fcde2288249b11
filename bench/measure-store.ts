import type { Echo } from './echo';
import type { FlatnessRow } from './flatness';
import type { LoadGenerator } from './load-generator';
import { measureLongSession } from './long-session';
import { FEW, measureManySessions } from './many-sessions';
import { measureLoad } from './measure-load';
import { ADD_EVENT, type Operation, OPERATIONS, PAGE, SESSIONS } from './operations';
import { type Row, tableRow } from './report';
import type { Store } from './store';
import { Target } from './target';
import { warmUp } from './warm-up';

/** How much is stored where the table has the cost of much over the cost of little. */
export interface Sizes {
  /** Events of one session. */
  readonly longEvents: number;
  /** Sessions of one store; undefined: not measured. */
  readonly manySessions: number | undefined;
}

export interface StoreMeasured {
  readonly name: string;
  readonly rows: readonly Row[];
  readonly longSession: readonly FlatnessRow[];
  readonly manySessions: readonly FlatnessRow[];
  readonly idleMiB: number | null;
}

/** Every operation on a store and then the long session, all with one server; then the many sessions. */
export async function measureStore(
  store: Store,
  generator: LoadGenerator,
  echo: Echo,
  { longEvents, manySessions }: Sizes,
  say: (what: string) => void,
): Promise<StoreMeasured> {
  const { name } = store;
  const start = async (database: string): Promise<Target> =>
    new Target(await store.startServer(database), store.mongodPid, generator);

  const target = await start('operations');
  const idleMiB = target.server.memoryMiB ?? null;
  say(`warm-up, ${name}`);
  await warmUpTarget(target);
  const rows: Row[] = [];
  for (const operation of OPERATIONS) {
    say(`${operation.name}, ${name}`);
    rows.push(...(await measureOperation(operation, name, target, echo)));
  }
  say(`a session of ${longEvents} events, ${name}`);
  const longSession = await measureLongSession(name, target, longEvents);
  say(`all is read back, ${name}`);
  await target.ledger.verify();
  await target.stop();

  if (manySessions === undefined) return { name, rows, longSession, manySessions: [], idleMiB };
  say(`a store of ${manySessions} sessions, ${name}`);
  const [many, few] = [await start('many'), await start('few')];
  await store.fill('many', many, manySessions);
  await store.fill('few', few, FEW);
  say('it is filled');
  const flatness = await measureManySessions(name, many, few, manySessions);
  for (const each of [many, few]) {
    await each.ledger.verify();
    await each.stop();
  }
  return { name, rows, longSession, manySessions: flatness, idleMiB };
}

async function warmUpTarget(target: Target): Promise<void> {
  const sessions = await target.ledger.create('warm-up', SESSIONS);
  await target.run({ ...ADD_EVENT, inFlight: SESSIONS, upTo: PAGE }, sessions);
  await warmUp((work) => target.run(work, sessions));
}

async function measureOperation(
  { name, prepared, loads, isRight }: Operation,
  store: string,
  target: Target,
  echo: Echo,
): Promise<Row[]> {
  const sessions = await target.ledger.create(name, SESSIONS);
  if (prepared > 0) await target.run({ ...ADD_EVENT, inFlight: SESSIONS, upTo: prepared }, sessions);
  const rows: Row[] = [];
  for (const load of loads) {
    const { done: measured, peakMiB } = await target.server.withPeak(() =>
      measureLoad(load, (work) => target.run(work, sessions), echo),
    );
    if (!measured.replies.every(isRight))
      throw new Error(`${name} on ${store}: a reply is not what it should be`);
    rows.push(tableRow(name, store, load.callers, measured, peakMiB));
  }
  return rows;
}
