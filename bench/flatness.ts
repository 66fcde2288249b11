import { figuresOf, type Figures, ratioOf } from './figures';
import type { JobResult } from './job';
import { ADD_EVENT, BATCH_ADD, GET_PAGE, PAGE, type Work } from './operations';
import type { FlatnessRow } from './report';
import type { Target } from './target';

const SHORT = 100;
const CALLERS = 32;

/** Short and long are measured in turn, so that a disturbance falls on both. */
const TURNS = 4;
const WARM_UP: Partial<Work> = { warmUpMs: 0, measureMs: 800 };
const TURN: Partial<Work> = { warmUpMs: 100, measureMs: 500 };

/** Offsets that are read in turn, all over the log. */
const OFFSETS = 64;

/** Grows one session to so many events, and measures what it then costs to add to it and to read of it. */
export async function measureFlatness(
  store: string,
  target: Target,
  longEvents: number,
): Promise<FlatnessRow[]> {
  const [long] = await target.ledger.create('flat-long', 1);
  const shorts = await target.ledger.create('flat-short', TURNS + 1);
  // One for each caller: pages of one log that overlap are read once, which a short one's would.
  const readShorts = await target.ledger.create('flat-read', CALLERS);
  if (long === undefined) throw new Error('no session was created');
  await target.run({ ...BATCH_ADD, batch: 500, inFlight: 8, upTo: longEvents }, [long]);
  await target.run({ ...BATCH_ADD, inFlight: shorts.length, upTo: SHORT }, shorts);
  await target.run({ ...BATCH_ADD, inFlight: CALLERS, upTo: SHORT }, readShorts);

  const [warmUp, ...addShorts] = shorts;
  if (warmUp === undefined) throw new Error('too few sessions were created');
  const page = { ...GET_PAGE, inFlight: CALLERS };
  const pageOfShort = { ...page, offsets: offsetsWithin(SHORT) };
  const pageOfLong = { ...page, offsets: offsetsWithin(longEvents) };
  const add = { ...ADD_EVENT, inFlight: CALLERS };
  await target.run({ ...pageOfShort, ...WARM_UP }, readShorts);
  await target.run({ ...add, ...WARM_UP }, [warmUp]);

  const reads = await inTurn(addShorts.length, {
    short: () => target.run({ ...pageOfShort, ...TURN }, readShorts),
    long: () => target.run({ ...pageOfLong, ...TURN }, [long]),
  });
  const adds = await inTurn(addShorts.length, {
    // Each turn has a short session of its own: it grows.
    short: (turn) => target.run({ ...add, ...TURN }, addShorts.slice(turn, turn + 1)),
    long: () => target.run({ ...add, ...TURN }, [long]),
  });
  await target.ledger.verify([long, ...shorts, ...readShorts]);
  return [row('AddEvent', store, adds), row('GetSession, page of 50', store, reads)];
}

interface Turns {
  readonly short: (turn: number) => Promise<JobResult>;
  readonly long: (turn: number) => Promise<JobResult>;
}

async function inTurn(turns: number, { short, long }: Turns): Promise<{ short: Figures; long: Figures }> {
  const shorts: JobResult[] = [];
  const longs: JobResult[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    shorts.push(await short(turn));
    longs.push(await long(turn));
  }
  return { short: figuresOf(shorts), long: figuresOf(longs) };
}

function row(operation: string, store: string, of: { short: Figures; long: Figures }): FlatnessRow {
  return {
    operation,
    store,
    serverRatio: ratioOf(of.long.serverMicros, of.short.serverMicros),
    mongodRatio: ratioOf(of.long.mongodMicros, of.short.mongodMicros),
    p50Ratio: of.long.p50Ms / of.short.p50Ms,
  };
}

function offsetsWithin(events: number): number[] {
  return Array.from({ length: OFFSETS }, (_, index) => Math.floor(((events - PAGE) * index) / (OFFSETS - 1)));
}
