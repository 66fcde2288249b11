import type { Echo } from './echo';
import { measureFlatness } from './flatness';
import type { JobSession } from './job';
import type { LoadGenerator } from './load-generator';
import { measureLoad } from './measure-load';
import { ADD_EVENT, type Operation, OPERATIONS, SESSIONS } from './operations';
import { type FlatnessRow, type Row, tableRow } from './report';
import { measureManySessions } from './many-sessions';
import type { Store } from './store';
import { Target } from './target';

export interface StoreMeasured {
  readonly name: string;
  readonly rows: readonly Row[];
  readonly flatness: readonly FlatnessRow[];
  readonly idleMiB: number | null;
}

/** How large the long session and the full store are that are measured against small ones. */
export interface Sizes {
  readonly longSessionEvents: number;
  /** 0: none is filled. */
  readonly manySessions: number;
}

/** Load of each operation before any is measured, in milliseconds: V8 optimises what runs, and the echo has long been so. */
const WARM_UP_MS = 700;

/** An operation and the sessions that it is measured on. */
interface Prepared {
  readonly operation: Operation;
  readonly sessions: readonly JobSession[];
}

/** Every operation on a store, on one server that is warm, and then the long session. */
export async function measureStore(
  store: Store,
  generator: LoadGenerator,
  echo: Echo,
  { longSessionEvents, manySessions }: Sizes,
  say: (what: string) => void,
): Promise<StoreMeasured> {
  say(`warm-up, ${store.name}`);
  const server = await store.startServer();
  const idleMiB = server.memory('VmRSS') ?? null;
  const target = new Target(server, store.mongodPid, generator);
  try {
    const all = await Promise.all(OPERATIONS.map((operation) => prepare(operation, target)));
    for (const one of all) await warmUp(one, target);
    const rows: Row[] = [];
    for (const one of all) {
      say(`${one.operation.name}, ${store.name}`);
      rows.push(...(await measureOperation(one, store.name, target, echo)));
    }
    say(`a session of ${longSessionEvents} events, ${store.name}`);
    const flatness = await measureFlatness(store.name, target, longSessionEvents);
    if (manySessions > 0) {
      say(`${manySessions} sessions, ${store.name}`);
      flatness.push(...(await measureManySessions(store.name, target, echo, manySessions)));
    }
    return { name: store.name, rows, flatness, idleMiB };
  } finally {
    await target.stop();
  }
}

async function prepare(operation: Operation, target: Target): Promise<Prepared> {
  const prefix = operation.name.replace(/\W+/g, '-').toLowerCase();
  return { operation, sessions: await target.ledger.create(prefix, SESSIONS) };
}

async function warmUp({ operation: { prepared, loads }, sessions }: Prepared, target: Target): Promise<void> {
  if (prepared > 0) await target.run({ ...ADD_EVENT, inFlight: SESSIONS, upTo: prepared }, sessions);
  for (const load of loads.slice(0, 1)) {
    await target.run({ ...load, warmUpMs: 0, measureMs: WARM_UP_MS }, sessions);
  }
}

async function measureOperation(
  { operation: { name, loads, isRight }, sessions }: Prepared,
  store: string,
  target: Target,
  echo: Echo,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const load of loads) {
    target.server.forgetPeakMemory();
    const measured = await measureLoad(load, (work) => target.run(work, sessions), echo);
    if (!measured.replies.every(isRight))
      throw new Error(`${name} on ${store}: a reply is not what it should be`);
    const ownRatio = echo.ratioToOwn(load.call, measured.serverRatio);
    rows.push(tableRow(name, store, load.callers, { ...measured, ownRatio }, target.server.memory('VmHWM')));
  }
  await target.ledger.verify(sessions);
  return rows;
}
