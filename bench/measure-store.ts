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

/** How much data the flatness measurements store. */
export interface Sizes {
  /** Events of the long session. */
  readonly longEvents: number;
  /** Sessions of the large store; undefined if it is not measured. */
  readonly manySessions: number | undefined;
}

export interface StoreResults {
  readonly name: string;
  readonly rows: readonly Row[];
  readonly longSession: readonly FlatnessRow[];
  readonly manySessions: readonly FlatnessRow[];
  readonly idleMiB: number | null;
}

/** Measures all operations and the long session on one server, and then the many sessions on others. */
export async function measureStore(
  store: Store,
  generator: LoadGenerator,
  echo: Echo,
  { longEvents, manySessions }: Sizes,
  logProgress: (text: string) => void,
): Promise<StoreResults> {
  const { name } = store;
  const start = async (database: string): Promise<Target> =>
    new Target(await store.startServer(database), store.mongodPid, generator);

  const target = await start('operations');
  const idleMiB = target.server.memoryMiB ?? null;
  logProgress(`warm-up, ${name}`);
  await warmUpTarget(target);
  const rows: Row[] = [];
  for (const operation of OPERATIONS) {
    logProgress(`${operation.name}, ${name}`);
    rows.push(...(await measureOperation(operation, name, target, echo)));
  }
  logProgress(`a session of ${longEvents} events, ${name}`);
  const longSession = await measureLongSession(name, target, longEvents);
  logProgress(`verify stored events, ${name}`);
  await target.ledger.verify();
  await target.stop();

  if (manySessions === undefined) return { name, rows, longSession, manySessions: [], idleMiB };
  logProgress(`a store of ${manySessions} sessions, ${name}`);
  const [many, few] = [await start('many'), await start('few')];
  await store.fill('many', many, manySessions);
  await store.fill('few', few, FEW);
  logProgress(`measure the filled store, ${name}`);
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
  { name, storedEvents, loads, isExpectedReply }: Operation,
  store: string,
  target: Target,
  echo: Echo,
): Promise<Row[]> {
  const sessions = await target.ledger.create(name, SESSIONS);
  if (storedEvents > 0) await target.run({ ...ADD_EVENT, inFlight: SESSIONS, upTo: storedEvents }, sessions);
  const rows: Row[] = [];
  for (const load of loads) {
    const { result: measured, peakMiB } = await target.server.withPeakMemory(() =>
      measureLoad(load, (work) => target.run(work, sessions), echo),
    );
    if (!measured.replies.every(isExpectedReply)) throw new Error(`${name} on ${store}: unexpected reply`);
    rows.push(tableRow(name, store, load.callers, measured, peakMiB));
  }
  return rows;
}
