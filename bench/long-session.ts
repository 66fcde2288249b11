import { type FlatnessRow, measureFlatness, TURN, TURNS } from './flatness';
import { ADD_EVENT, BATCH_ADD, GET_PAGE, PAGE } from './operations';
import type { Target } from './target';

const SHORT = 100;
const CALLERS = 32;

/** Number of offsets to read, spread over the log. */
const OFFSETS = 64;

/** Fills one session with `longEvents` events, and measures AddEvent and GetSession on it. */
export async function measureLongSession(
  store: string,
  target: Target,
  longEvents: number,
): Promise<FlatnessRow[]> {
  const [long] = await target.ledger.create('flat-long', 1);
  const addShorts = await target.ledger.create('flat-short', TURNS);
  // One per caller: the server reads overlapping pages of a log once, and all pages of a short log overlap.
  const readShorts = await target.ledger.create('flat-read', CALLERS);
  if (long === undefined) throw new Error('no session was created');
  await target.run({ ...BATCH_ADD, batch: 500, inFlight: 8, upTo: longEvents }, [long]);
  await target.run({ ...BATCH_ADD, inFlight: TURNS, upTo: SHORT }, addShorts);
  await target.run({ ...BATCH_ADD, inFlight: CALLERS, upTo: SHORT }, readShorts);

  const page = { ...GET_PAGE, ...TURN, inFlight: CALLERS };
  const add = { ...ADD_EVENT, ...TURN, inFlight: CALLERS };
  return [
    await measureFlatness('AddEvent', store, {
      large: () => target.run(add, [long]),
      // A separate short session for each turn, because the turn makes it longer.
      small: (turn) => target.run(add, addShorts.slice(turn, turn + 1)),
    }),
    await measureFlatness(`GetSession, page of ${PAGE}`, store, {
      large: () => target.run({ ...page, offsets: offsetsWithin(longEvents) }, [long]),
      small: () => target.run({ ...page, offsets: offsetsWithin(SHORT) }, readShorts),
    }),
  ];
}

function offsetsWithin(events: number): number[] {
  return Array.from({ length: OFFSETS }, (_, index) => Math.floor(((events - PAGE) * index) / (OFFSETS - 1)));
}
