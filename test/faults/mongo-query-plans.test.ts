import { SessionStatus } from '../../generated/conversation/v1/session';
import type { ListSessionsRequest } from '../../generated/conversation/v1/session_service';
import type { Store } from '../../src/core/store';
import { type RunningMongod, startReplicaSet } from '../support/mongod';
import { openMongo } from '../support/open-mongo';
import { type Profiled, ProfiledDatabase } from '../support/profiled-database';
import { type SessionServer, startSessionServer } from '../support/session-server';
import { until } from '../support/until';
import { DAY_MS, fillDatabase, MONTH_AGO, range, SAME_START, YESTERDAY } from './query-plan-data';

const NEVER = new AbortController().signal;

let mongod: RunningMongod;
let database: ProfiledDatabase;
let store: Store;
let server: SessionServer;

beforeAll(async () => {
  mongod = await startReplicaSet();
  database = new ProfiledDatabase(mongod.uri);
  store = await openMongo(mongod.uri);
  await fillDatabase(database);
  server = await startSessionServer(store);
}, 180_000);

afterAll(async () => {
  await server.close();
  await store.close();
  await database.close();
  await mongod.stop();
});

/** Expects each database command of the work to use an index, and to examine about as much as it returns. */
async function expectIndexed(work: () => Promise<unknown>): Promise<void> {
  const profiled = await database.profile(work);
  expect(profiled).not.toEqual([]);
  expect(profiled.filter(isCostly)).toEqual([]);
}

function isCostly(profiled: Profiled): boolean {
  const { operation, query, plan, sortedInMemory, keysExamined, docsExamined, affected } = profiled;
  // An empty getMore: the first reply should have ended the cursor.
  if (operation === 'getmore' && affected === 0) return true;
  // The end of each session's log is read too.
  const docs = query.includes('$lookup') ? 2 * affected : affected;
  // For scattered IDs the index scan examines one key beyond each.
  const keys = query.includes('$in') || query.includes('$or') ? docs + affected : docs;
  const tooMany = keysExamined > keys * 1.1 + 1 || docsExamined > docs * 1.1 + 1;
  return plan.includes('COLLSCAN') || sortedInMemory || tooMany;
}

describe('one session of 100,000 events, after many short ones', () => {
  // The database caches the plan that was best for the first queries: here, those of short sessions.
  beforeAll(async () => {
    for (let index = 0; index < 20; index += 1) {
      const sessionId = `listed-${index}`;
      await server.client.getSession({ sessionId });
      await server.client.getEvent({ sessionId, eventId: 'event-1' });
      await server.client.listEvents({ sessionId, startTime: YESTERDAY });
    }
  });

  test.each([0, 1, 50_000, 99_990, 100_000, 200_000])('GetSession at offset %d', async (offset) => {
    await expectIndexed(() => server.client.getSession({ sessionId: 'long', offset, limit: 1000 }));
  });

  test('GetSession of many sessions and pages at once', async () => {
    await expectIndexed(() =>
      Promise.all(
        range(100, (index) =>
          server.client.getSession(
            index % 2 === 0 ? { sessionId: 'long', offset: index * 1000 } : { sessionId: `listed-${index}` },
          ),
        ),
      ),
    );
  });

  test('GetEvent of an event that exists, and of one that does not', async () => {
    await expectIndexed(() => server.client.getEvent({ sessionId: 'long', eventId: 'event-77777' }));
    await expectIndexed(async () =>
      expect(server.client.getEvent({ sessionId: 'long', eventId: 'none' })).rejects.toThrow('not found'),
    );
  });

  test.each([false, true])('ListEvents, newest first: %s', async (newestFirst) => {
    const request = { sessionId: 'long', newestFirst, pageSize: 100 };
    await expectIndexed(async () => {
      const { nextPageToken: pageToken } = await server.client.listEvents(request);
      await server.client.listEvents({ ...request, pageToken });
    });
    const startTime = new Date(YESTERDAY.getTime() + 600_000);
    const endTime = new Date(YESTERDAY.getTime() + 900_000);
    await expectIndexed(() => server.client.listEvents({ ...request, startTime, endTime }));
    await expectIndexed(() => server.client.listEvents({ ...request, startTime }));
    await expectIndexed(() => server.client.listEvents({ ...request, endTime }));
    await expectIndexed(() => server.client.listEvents({ ...request, types: ['rare'] }));
    await expectIndexed(() => server.client.listEvents({ ...request, afterSequence: 70_000 }));
  });

  test('an append to a session that is not cached yet, and a repeat of it', async () => {
    const event = { sessionId: 'long', eventId: 'appended' };
    await expectIndexed(() => server.client.addEvent(event));
    await expectIndexed(() => server.client.addEvent(event));
    const second = await openMongo(mongod.uri);
    const other = await startSessionServer(second);
    await expectIndexed(() => other.client.addEvent({ ...event, eventId: 'appended elsewhere' }));
    // The first server's cached head is now outdated: its append has a conflict, and reads the head again.
    await expectIndexed(() => server.client.addEvent({ ...event, eventId: 'appended after it' }));
    await expectIndexed(() =>
      other.client.batchAddEvents({
        sessionId: 'long',
        events: range(200, (index) => ({ eventId: `event-${index * 500 + 1}` })),
      }),
    );
    await other.close();
    await second.close();
  });
});

describe('100,000 sessions', () => {
  const { SESSION_STATUS_COMPLETED, SESSION_STATUS_FAILED, SESSION_STATUS_ACTIVE } = SessionStatus;
  const before = (index: number): Date => new Date(YESTERDAY.getTime() - index * 100);

  /** Expects each of three pages to use an index. */
  async function expectListIndexed(filters: Partial<ListSessionsRequest>): Promise<void> {
    let pageToken = '';
    for (let page = 0; page < 3; page += 1) {
      await expectIndexed(async () => {
        ({ nextPageToken: pageToken } = await server.client.listSessions({
          ...filters,
          pageSize: 40,
          pageToken,
        }));
      });
      if (pageToken === '') return;
    }
  }

  const statuses = [undefined, SESSION_STATUS_COMPLETED, SESSION_STATUS_ACTIVE, SESSION_STATUS_FAILED];
  const languages = ['', 'en-US', 'de-DE', 'mt-MT', 'fr-FR'];
  const times = [
    {},
    { startedBefore: before(40_000) },
    { startedAfter: before(60_000), startedBefore: before(49_000) },
    { startedAfter: before(99_990) },
    { startedAfter: before(-10) },
  ];
  const filters = times.flatMap((time) =>
    statuses.flatMap((status) =>
      languages.map((language) => ({ ...time, ...(status === undefined ? {} : { status }), language })),
    ),
  );

  test('ListSessions by any combination of status, language and times, on the first and later pages', async () => {
    expect(filters).toHaveLength(100);
    for (const filter of filters) await expectListIndexed(filter);
  }, 60_000);

  test('ListSessions among thousands with the same start time', async () => {
    let pageToken = '';
    const startedBefore = before(SAME_START.from - 1);
    const profiled = async (): Promise<void> => {
      const page = await server.client.listSessions({ startedBefore, pageSize: 500, pageToken });
      pageToken = page.nextPageToken;
    };
    for (let page = 0; page < 8; page += 1) await expectIndexed(profiled);
  });

  test('CreateSession, UpdateSession, CompleteSession, DeleteSession, and repeats of them', async () => {
    const sessionId = 'changed';
    await expectIndexed(() =>
      server.client.createSession({ sessionId }).then(() => server.client.createSession({ sessionId })),
    );
    await expectIndexed(() => server.client.updateSession({ sessionId, language: 'de-DE' }));
    await expectIndexed(() => server.client.completeSession({ sessionId }));
    await expectIndexed(() => server.client.deleteSession(sessionId));
    await expectIndexed(() => server.client.deleteSession(sessionId));
    await expectIndexed(async () =>
      expect(server.client.getSession({ sessionId })).rejects.toThrow('not found'),
    );
    await expectIndexed(async () =>
      expect(server.client.createSession({ sessionId })).rejects.toThrow('deleted'),
    );
  });

  test('expiry, and the cleanup of the events that it deletes', async () => {
    await expectIndexed(async () => {
      expect(await store.expiry.deleteInactive(new Date(Date.now() - 10 * DAY_MS), NEVER)).toBe(500);
      await untilCleanedUp(/^(ended|begun-\d\d?$)/);
    });
    const { db } = database;
    expect(await db.collection('conversation_events').countDocuments({ sessionId: /^begun/ })).toBe(100);
    expect(await db.collection('conversation_sessions').countDocuments({ startedAt: MONTH_AGO })).toBe(100);
  }, 60_000);

  test('the cleanup of a long session', async () => {
    await expectIndexed(async () => {
      await server.client.deleteSession('long');
      await untilCleanedUp('long');
    });
  }, 60_000);

  /** Waits until the sessions have no events. */
  async function untilCleanedUp(sessionId: string | RegExp): Promise<void> {
    const events = database.db.collection('conversation_events');
    const isCleanedUp = async (): Promise<true | undefined> =>
      (await events.findOne({ sessionId })) === null ? true : undefined;
    await until('all events are removed', isCleanedUp, 50_000);
  }
});
