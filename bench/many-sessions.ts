import { type FlatnessRow, measureFlatness, TURN } from './flatness';
import type { JobSession } from './job';
import { ADD_EVENT, GET_PAGE, PAGE, SESSIONS } from './operations';
import { fillingSessionIdOf } from './request-template';
import type { Target } from './target';
import { warmUp } from './warm-up';

/** Sessions of the small store. */
export const FEW = 100;

/** A turn has many rounds of all callers in it, or what is under way at its ends would show. */
const LONG_TURN = { ...TURN, measureMs: 1500 };

/** Measures what it costs to add to and to page sessions of a store that holds many, against one that holds few. */
export async function measureManySessions(
  store: string,
  many: Target,
  few: Target,
  sessions: number,
): Promise<FlatnessRow[]> {
  const used = { few: await prepare(few, FEW), many: await prepare(many, sessions) };
  const page = { ...GET_PAGE, ...LONG_TURN, inFlight: SESSIONS };
  const add = { ...ADD_EVENT, ...LONG_TURN, inFlight: SESSIONS };
  return [
    await measureFlatness('AddEvent', store, {
      large: () => many.run(add, used.many),
      small: () => few.run(add, used.few),
    }),
    await measureFlatness(`GetSession, page of ${PAGE}`, store, {
      large: () => many.run(page, used.many),
      small: () => few.run(page, used.few),
    }),
  ];
}

/** Takes sessions from all over the store, gives each a page of events, and warms the server with them. */
async function prepare(target: Target, sessions: number): Promise<Pick<JobSession, 'sessionId'>[]> {
  const used = Array.from({ length: SESSIONS }, (_, index) => ({
    sessionId: fillingSessionIdOf(Math.floor((index * sessions) / SESSIONS)),
  }));
  target.ledger.enterEmpty(used);
  await target.run({ ...ADD_EVENT, inFlight: SESSIONS, upTo: PAGE }, used);
  await warmUp((work) => target.run(work, used));
  return used;
}
