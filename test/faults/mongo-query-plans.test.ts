import { Types } from 'mongoose';
import { SessionStatus } from '../../generated/conversation/v1/session';
import type { ListSessionsRequest } from '../../generated/conversation/v1/session_service';
import type { SessionStatus as Status } from '../../src/core/session';
import type { SessionRepository } from '../../src/core/store';
import { StructBytes } from '../../src/core/struct/struct-bytes';
import { newEventDocument } from '../../src/storage/mongo/documents/event-document';
import { newSessionDocument } from '../../src/storage/mongo/documents/session-document';
import type { EventDocument, SessionDocument } from '../../src/storage/mongo/documents/schema';
import { type RunningMongod, startReplicaSet } from '../support/mongod';
import { openMongo } from '../support/open-mongo';
import { type Profiled, ProfiledDatabase } from '../support/profiled-database';
import { type SessionServer, startSessionServer } from '../support/session-server';
import { until } from '../support/until';

const SESSIONS = 100_000;
const EVENTS = 100_000;
const NEVER = new AbortController().signal;
const DAY_MS = 24 * 3600 * 1000;
const YESTERDAY = new Date(Math.floor(Date.now() / 1000) * 1000 - DAY_MS);
const MONTH_AGO = new Date(YESTERDAY.getTime() - 30 * DAY_MS);
/** So many sessions have one start. */
const AT_ONCE = { from: 50_000, to: 53_000 };
const PAYLOAD = StructBytes.of({ text: 'what was said' });

let mongod: RunningMongod;
let database: ProfiledDatabase;
let repository: SessionRepository;
let server: SessionServer;

beforeAll(async () => {
  mongod = await startReplicaSet();
  database = new ProfiledDatabase(mongod.uri);
  repository = await openMongo(mongod.uri);
  await fill(database);
  server = await startSessionServer(repository);
}, 180_000);

afterAll(async () => {
  await server.close();
  await repository.close();
  await database.close();
  await mongod.stop();
});

function sessionOf(sessionId: string, status: Status, startedAt: Date, language = 'en-US'): SessionDocument {
  const document = newSessionDocument({ sessionId, status, language, metadata: PAYLOAD });
  const hasEnded = status === 'completed' || status === 'failed';
  return { ...document, startedAt, endedAt: hasEnded ? startedAt : null };
}

/** One status and one language are of nearly all, others of few: an index that suits the one does not suit the other. */
function listedSession(index: number): SessionDocument {
  const status = index % 1000 === 7 ? 'failed' : index % 10 === 3 ? 'active' : 'completed';
  const language = index % 500 === 7 ? 'mt-MT' : index % 4 === 0 ? 'de-DE' : 'en-US';
  const isAtOnce = index >= AT_ONCE.from && index < AT_ONCE.to;
  const age = isAtOnce ? AT_ONCE.from : index;
  return sessionOf(`listed-${index}`, status, new Date(YESTERDAY.getTime() - age * 100), language);
}

function eventOf(sessionId: string, sequence: number, timestamp: Date): EventDocument {
  const type = sequence % 50 === 0 ? 'rare' : 'transcript';
  const rowId = new Types.ObjectId();
  const eventId = `event-${sequence}`;
  const event = { rowId: rowId.id, eventId, sessionId, sequence, type, payload: PAYLOAD, timestamp };
  return newEventDocument(rowId, event);
}

function range<Item>(count: number, make: (index: number) => Item): Item[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

async function fill({ db }: ProfiledDatabase): Promise<void> {
  const insert = async (name: string, documents: readonly object[]): Promise<void> => {
    for (let at = 0; at < documents.length; at += 10_000)
      await db.collection(name).insertMany(documents.slice(at, at + 10_000), { ordered: false });
  };
  await insert('conversation_sessions', [
    sessionOf('long', 'active', YESTERDAY),
    ...range(SESSIONS, listedSession),
    // For the sweep: ended long ago, and begun long ago with an event of long ago, of now, and none.
    ...range(300, (index) => sessionOf(`ended-${index}`, 'completed', MONTH_AGO)),
    ...range(300, (index) => sessionOf(`begun-${index}`, 'active', MONTH_AGO)),
  ]);
  await insert('conversation_events', [
    ...range(EVENTS, (index) => eventOf('long', index + 1, new Date(YESTERDAY.getTime() + index * 10))),
    ...range(1000, (index) => eventOf(`listed-${index}`, 1, YESTERDAY)),
    ...range(100, (index) => eventOf(`begun-${index}`, 1, MONTH_AGO)),
    ...range(100, (index) => eventOf(`begun-${index + 100}`, 1, new Date())),
  ]);
}

/** Each command that the work sends is served by an index, and reads about what it returns. */
async function expectServed(work: () => Promise<unknown>): Promise<void> {
  const profiled = await database.profile(work);
  expect(profiled).not.toEqual([]);
  expect(profiled.filter(isCostly)).toEqual([]);
}

function isCostly(profiled: Profiled): boolean {
  const { operation, question, plan, sortedInMemory, keysExamined, docsExamined, served } = profiled;
  // What a page lacks is not asked for again only to learn that there is no more.
  if (operation === 'getmore' && served === 0) return true;
  // Beside each session the end of its log is looked up.
  const docs = question.includes('$lookup') ? 2 * served : served;
  // Of ids that do not follow each other, the one after each shows that there is no other.
  const keys = question.includes('$in') || question.includes('$or') ? docs + served : docs;
  const tooMany = keysExamined > keys * 1.1 + 1 || docsExamined > docs * 1.1 + 1;
  return plan.includes('COLLSCAN') || sortedInMemory || tooMany;
}

describe('one session of 100,000 events, after many short ones', () => {
  // The database keeps the plan that was best for what it saw first.
  beforeAll(async () => {
    for (let index = 0; index < 20; index += 1) {
      const sessionId = `listed-${index}`;
      await server.client.getSession({ sessionId });
      await server.client.getEvent({ sessionId, eventId: 'event-1' });
      await server.client.listEvents({ sessionId, startTime: YESTERDAY });
    }
  });

  test.each([0, 1, 50_000, 99_990, 100_000, 200_000])('GetSession at offset %d', async (offset) => {
    await expectServed(() => server.client.getSession({ sessionId: 'long', offset, limit: 1000 }));
  });

  test('GetSession of many sessions and pages at once', async () => {
    await expectServed(() =>
      Promise.all(
        range(100, (index) =>
          server.client.getSession(
            index % 2 === 0 ? { sessionId: 'long', offset: index * 1000 } : { sessionId: `listed-${index}` },
          ),
        ),
      ),
    );
  });

  test('GetEvent, of one that is there and of one that is not', async () => {
    await expectServed(() => server.client.getEvent({ sessionId: 'long', eventId: 'event-77777' }));
    await expectServed(async () =>
      expect(server.client.getEvent({ sessionId: 'long', eventId: 'none' })).rejects.toThrow('not found'),
    );
  });

  test.each([false, true])('ListEvents, newest first: %s', async (newestFirst) => {
    const request = { sessionId: 'long', newestFirst, pageSize: 100 };
    await expectServed(async () => {
      const { nextPageToken: pageToken } = await server.client.listEvents(request);
      await server.client.listEvents({ ...request, pageToken });
    });
    const startTime = new Date(YESTERDAY.getTime() + 600_000);
    const endTime = new Date(YESTERDAY.getTime() + 900_000);
    await expectServed(() => server.client.listEvents({ ...request, startTime, endTime }));
    await expectServed(() => server.client.listEvents({ ...request, startTime }));
    await expectServed(() => server.client.listEvents({ ...request, endTime }));
    await expectServed(() => server.client.listEvents({ ...request, types: ['rare'] }));
    await expectServed(() => server.client.listEvents({ ...request, afterSequence: 70_000 }));
  });

  test('an append, to a session that was not seen yet, and a repeat of it', async () => {
    const event = { sessionId: 'long', eventId: 'appended' };
    await expectServed(() => server.client.addEvent(event));
    await expectServed(() => server.client.addEvent(event));
    const second = await openMongo(mongod.uri);
    const other = await startSessionServer(second);
    await expectServed(() => other.client.addEvent({ ...event, eventId: 'appended elsewhere' }));
    // This one's tail is old: the place is taken, and looked up.
    await expectServed(() => server.client.addEvent({ ...event, eventId: 'appended after it' }));
    await expectServed(() =>
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

  /** Three pages, each served. */
  async function expectListServed(filters: Partial<ListSessionsRequest>): Promise<void> {
    let pageToken = '';
    for (let page = 0; page < 3; page += 1) {
      await expectServed(async () => {
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

  test('ListSessions by any combination of status, language and times, on its first and later pages', async () => {
    expect(filters).toHaveLength(100);
    for (const filter of filters) await expectListServed(filter);
  }, 60_000);

  test('ListSessions among thousands of one start', async () => {
    let pageToken = '';
    const startedBefore = before(AT_ONCE.from - 1);
    const profiled = async (): Promise<void> => {
      const page = await server.client.listSessions({ startedBefore, pageSize: 500, pageToken });
      pageToken = page.nextPageToken;
    };
    for (let page = 0; page < 8; page += 1) await expectServed(profiled);
  });

  test('CreateSession, UpdateSession, CompleteSession, DeleteSession, and what each repeats', async () => {
    const sessionId = 'changed';
    await expectServed(() =>
      server.client.createSession({ sessionId }).then(() => server.client.createSession({ sessionId })),
    );
    await expectServed(() => server.client.updateSession({ sessionId, language: 'de-DE' }));
    await expectServed(() => server.client.completeSession({ sessionId }));
    await expectServed(() => server.client.deleteSession(sessionId));
    await expectServed(() => server.client.deleteSession(sessionId));
    await expectServed(async () =>
      expect(server.client.getSession({ sessionId })).rejects.toThrow('not found'),
    );
    await expectServed(async () =>
      expect(server.client.createSession({ sessionId })).rejects.toThrow('deleted'),
    );
  });

  test('the sweep, and the clearing of what it deletes', async () => {
    await expectServed(async () => {
      expect(await repository.deleteExpired(10 * DAY_MS, NEVER)).toBe(500);
      await untilCleared(/^(ended|begun-\d\d?$)/);
    });
    const { db } = database;
    expect(await db.collection('conversation_events').countDocuments({ sessionId: /^begun/ })).toBe(100);
    expect(await db.collection('conversation_sessions').countDocuments({ startedAt: MONTH_AGO })).toBe(100);
  }, 60_000);

  test('the clearing of a long session', async () => {
    await expectServed(async () => {
      await server.client.deleteSession('long');
      await untilCleared('long');
    });
  }, 60_000);

  /** Once no event of the sessions is left. */
  async function untilCleared(sessionId: string | RegExp): Promise<void> {
    const events = database.db.collection('conversation_events');
    const look = async (): Promise<true | undefined> =>
      (await events.findOne({ sessionId })) === null ? true : undefined;
    await until('all events are removed', look, 50_000);
  }
});
