import type { Echo } from './echo';
import { ratioOf } from './figures';
import { type MeasuredLoad, measureLoad } from './measure-load';
import { ADD_EVENT, GET_PAGE, type Load, PAGE, SESSIONS } from './operations';
import type { FlatnessRow } from './report';
import type { Target } from './target';

/** Sessions that are created at once. */
const CREATORS = 64;

const CALLERS = { callers: SESSIONS, inFlight: SESSIONS, warmUpMs: 1000, measureMs: 3000 } as const;
const ADD: Load = { ...ADD_EVENT, ...CALLERS };
const READ: Load = { ...GET_PAGE, ...CALLERS };

/** Measures what it costs to add and to read, and again when the store has so many sessions more. */
export async function measureManySessions(
  store: string,
  target: Target,
  echo: Echo,
  sessions: number,
): Promise<FlatnessRow[]> {
  const before = await measure('few', target, echo);
  await target.createSessions('one-of-many', sessions, CREATORS);
  const after = await measure('many', target, echo);
  const row = (operation: string, few: MeasuredLoad, many: MeasuredLoad): FlatnessRow => ({
    operation: `${operation}, ${sessions.toLocaleString('en-GB')} sessions more`,
    store,
    serverRatio: ratioOf(many.serverRatio, few.serverRatio),
    mongodRatio: ratioOf(many.mongodRatio, few.mongodRatio),
    p50Ratio: many.p50Ms / few.p50Ms,
  });
  return [
    row('AddEvent', before.add, after.add),
    row(`GetSession, page of ${PAGE}`, before.read, after.read),
  ];
}

async function measure(
  name: string,
  target: Target,
  echo: Echo,
): Promise<{ add: MeasuredLoad; read: MeasuredLoad }> {
  const sessions = await target.ledger.create(`${name}-sessions`, SESSIONS);
  await target.run({ ...ADD_EVENT, inFlight: SESSIONS, upTo: PAGE }, sessions);
  const read = await measureLoad(READ, (work) => target.run(work, sessions), echo);
  const add = await measureLoad(ADD, (work) => target.run(work, sessions), echo);
  await target.ledger.verify(sessions);
  return { add, read };
}
