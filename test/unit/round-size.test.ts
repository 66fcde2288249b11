import { GET_PAGE, SESSIONS } from '../../bench/operations';
import { PAIRED_OPERATIONS } from '../../bench/paired-operations';
import { requestsOf } from '../../bench/requests';
import { unitsOfRound, workOfRound } from '../../bench/round-size';

/** The result of a load of one second. */
function oneSecond(units: number): { readonly units: number; readonly windowMs: number } {
  return { units, windowMs: 1000 };
}

test('the faster build determines the length of a round', () => {
  const units = unitsOfRound({ batch: 1 }, [oneSecond(4000), oneSecond(8000)]);
  expect(units).toBe(unitsOfRound({ batch: 1 }, [oneSecond(8000)]));
  expect((units * SESSIONS) / 8).toBeGreaterThan(100);
  expect((units * SESSIONS) / 8).toBeLessThan(500);
});

test('a round has a whole number of batches, at least one', () => {
  expect(unitsOfRound({ batch: 100 }, [oneSecond(70_000)]) % 100).toBe(0);
  expect(unitsOfRound({ batch: 100 }, [oneSecond(10)])).toBe(100);
});

test('a round ends after a number of new events or pages', () => {
  const sizes = new Map(PAIRED_OPERATIONS.map(({ call, work: { batch } }) => [call, 2 * batch]));
  const works = PAIRED_OPERATIONS.map((operation) => workOfRound(operation, sizes, 50));
  expect(works.map(({ call, upTo }) => [call, upTo])).toEqual([
    ['AddEvent', 52],
    ['BatchAddEvents', 250],
    ['IngestEvents', 52],
    ['GetSession', 2],
  ]);
});

test('a number of pages is read of each session', () => {
  const sessions = ['one', 'two'].map((sessionId) => ({ sessionId, stored: 50 }));
  const job = { ...GET_PAGE, sessions, upTo: 2, port: 0, serverPid: 0, mongodPid: undefined };
  const next = requestsOf(job);
  expect([0, 0, 0, 1].map((session) => next(session)?.session)).toEqual([0, 0, undefined, 1]);
});
