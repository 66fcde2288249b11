import { type FlatnessRow, measureFlatness, TURN } from './flatness';
import type { JobSession } from './job';
import { ADD_EVENT, GET_PAGE, PAGE, SESSIONS } from './operations';
import { fillSessionIdOf } from './request-template';
import type { Target } from './target';
import { warmUp } from './warm-up';

/** Sessions of the small store. */
export const FEW = 100;

/** Long enough for many calls of each caller: calls in flight at the start and the end would distort a short turn. */
const MANY_SESSIONS_TURN = { ...TURN, measureMs: 1500 };

/** Measures AddEvent and GetSession on a store with many sessions, against one with few. */
export async function measureManySessions(
  store: string,
  many: Target,
  few: Target,
  sessions: number,
): Promise<FlatnessRow[]> {
  const loaded = { few: await prepare(few, FEW), many: await prepare(many, sessions) };
  const page = { ...GET_PAGE, ...MANY_SESSIONS_TURN, inFlight: SESSIONS };
  const add = { ...ADD_EVENT, ...MANY_SESSIONS_TURN, inFlight: SESSIONS };
  return [
    await measureFlatness('AddEvent', store, {
      large: () => many.run(add, loaded.many),
      small: () => few.run(add, loaded.few),
    }),
    await measureFlatness(`GetSession, page of ${PAGE}`, store, {
      large: () => many.run(page, loaded.many),
      small: () => few.run(page, loaded.few),
    }),
  ];
}

/** Picks sessions from the whole store, adds a page of events to each, and warms up the server with them. */
async function prepare(target: Target, sessions: number): Promise<Pick<JobSession, 'sessionId'>[]> {
  const loaded = Array.from({ length: SESSIONS }, (_, index) => ({
    sessionId: fillSessionIdOf(Math.floor((index * sessions) / SESSIONS)),
  }));
  target.ledger.addEmpty(loaded);
  await target.run({ ...ADD_EVENT, inFlight: SESSIONS, upTo: PAGE }, loaded);
  await warmUp((work) => target.run(work, loaded));
  return loaded;
}
