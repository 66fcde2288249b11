import type { Echo } from './echo';
import { measureFlatness } from './flatness';
import type { LoadGenerator } from './load-generator';
import { measureLoad } from './measure-load';
import { ADD_EVENT, type Operation, OPERATIONS, SESSIONS } from './operations';
import { type FlatnessRow, type Row, tableRow } from './report';
import type { Store } from './store';
import { Target } from './target';

export interface StoreMeasured {
  readonly name: string;
  readonly rows: readonly Row[];
  readonly flatness: readonly FlatnessRow[];
  readonly idleMiB: number | null;
}

/** Every operation on a store, each with a fresh server, and then the long session. */
export async function measureStore(
  store: Store,
  generator: LoadGenerator,
  echo: Echo,
  longEvents: number,
  say: (what: string) => void,
): Promise<StoreMeasured> {
  let idleMiB: number | null | undefined;
  const onFreshServer = async <Result>(use: (target: Target) => Promise<Result>): Promise<Result> => {
    const server = await store.startServer();
    idleMiB ??= server.memory('VmRSS') ?? null;
    const target = new Target(server, store.mongodPid, generator);
    try {
      return await use(target);
    } finally {
      await target.stop();
    }
  };
  const rows: Row[] = [];
  for (const operation of OPERATIONS) {
    say(`${operation.name}, ${store.name}`);
    rows.push(...(await onFreshServer((target) => measureOperation(operation, store.name, target, echo))));
  }
  say(`a session of ${longEvents} events, ${store.name}`);
  const flatness = await onFreshServer((target) => measureFlatness(store.name, target, longEvents));
  return { name: store.name, rows, flatness, idleMiB: idleMiB ?? null };
}

async function measureOperation(
  { name, prepared, loads, isRight }: Operation,
  store: string,
  target: Target,
  echo: Echo,
): Promise<Row[]> {
  const prefix = name.replace(/\W+/g, '-').toLowerCase();
  const sessions = await target.ledger.create(prefix, SESSIONS);
  if (prepared > 0) await target.run({ ...ADD_EVENT, inFlight: SESSIONS, upTo: prepared }, sessions);
  const rows: Row[] = [];
  for (const load of loads) {
    const measured = await measureLoad(load, (work) => target.run(work, sessions), echo);
    if (!measured.replies.every(isRight))
      throw new Error(`${name} on ${store}: a reply is not what it should be`);
    rows.push(tableRow(name, store, load.callers, measured, target.server.memory('VmHWM')));
  }
  await target.ledger.verify();
  return rows;
}
