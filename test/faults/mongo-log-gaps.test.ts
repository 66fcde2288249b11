import { status as Code } from '@grpc/grpc-js';
import { mongo } from 'mongoose';
import { RequestContext } from '../../src/core/request-context';
import type { PageRange, Store } from '../../src/core/store';
import { StructBytes } from '../../src/core/struct/struct-bytes';
import { type RunningMongod, startReplicaSet } from '../support/mongod';
import { openMongo } from '../support/open-mongo';
import { outcomesOf } from '../support/outcomes';
import { type SessionServer, startSessionServer } from '../support/session-server';
import { until } from '../support/until';

const EVENTS = 120;

/** The longest that a read may take that begins with a gap, in milliseconds. */
const AT_ONCE_MS = 2000;

let mongod: RunningMongod;
let mongoClient: mongo.MongoClient;
let events: mongo.Collection;
let store: Store;
let server: SessionServer;
let sessionId: string;
let calls = 0;

beforeAll(async () => {
  mongod = await startReplicaSet();
  mongoClient = new mongo.MongoClient(mongod.uri);
  events = mongoClient.db().collection('conversation_events');
  store = await openMongo(mongod.uri);
  server = await startSessionServer(store);
}, 60_000);

afterAll(async () => {
  await server.close();
  await store.close();
  await mongoClient.close();
  await mongod.stop();
});

beforeEach(async () => {
  sessionId = await createLog(EVENTS);
});

async function createLog(count: number, text = ''): Promise<string> {
  const id = `call-${++calls}`;
  await server.client.createSession({ sessionId: id });
  const payload = StructBytes.of({ text });
  for (let from = 1; from <= count; from += 50) {
    const batch = Array.from({ length: Math.min(50, count + 1 - from) }, (_, index) => from + index);
    await store.events.append(
      id,
      batch.map((number) => ({ eventId: `event-${number}`, type: 'note', payload })),
      context(),
    );
  }
  return id;
}

function context(): RequestContext {
  return new RequestContext(Date.now() + 10_000);
}

function remove(from: number, to: number): Promise<unknown> {
  return events.deleteMany({ sessionId, sequence: { $gte: from, $lte: to } });
}

function sequences(from: number, to: number): number[] {
  const step = from <= to ? 1 : -1;
  return Array.from({ length: Math.abs(to - from) + 1 }, (_, index) => from + index * step);
}

async function read(range: Partial<PageRange>): Promise<{ read: number[]; total: number }> {
  const whole = { afterSequence: 0, limit: 1000, maximumBytes: 1 << 22, ...range };
  const { session, events: page } = await store.events.readPage(sessionId, whole, context());
  return { read: page.map(({ sequence }) => sequence), total: session.eventCount };
}

/** Expects a read to fail at once with INTERNAL, and the cause to name the gap. */
async function expectUnreadable(range: Partial<PageRange>, sequence: number, reason: string): Promise<void> {
  const startedAt = performance.now();
  await expect(read(range)).rejects.toMatchObject({
    reason: 'INTERNAL',
    cause: {
      name: 'UnreadableRowError',
      message: `the row of session "${sessionId}", sequence ${sequence} in conversation_events cannot be read: ${reason}`,
    },
  });
  expect(performance.now() - startedAt).toBeLessThan(AT_ONCE_MS);
}

const MISSING = 'the session has no event at this sequence, but later ones';
const DOUBLED = 'the session has more than one event at this sequence';

test('a page ends before a gap, a read that begins with it fails at once, and the total stays', async () => {
  await remove(101, 105);
  expect(await read({})).toEqual({ read: sequences(1, 100), total: EVENTS });
  expect(await read({ afterSequence: 90, limit: 20 })).toEqual({ read: sequences(91, 100), total: EVENTS });
  await expectUnreadable({ afterSequence: 100 }, 101, MISSING);
  await expectUnreadable({ afterSequence: 102, limit: 1 }, 103, MISSING);
  expect(await read({ afterSequence: 105 })).toEqual({ read: sequences(106, 120), total: EVENTS });
  expect(await read({ limit: 0 })).toEqual({ read: [], total: EVENTS });
  expect(await read({ afterSequence: EVENTS })).toEqual({ read: [], total: EVENTS });
});

test('newest first, a page ends after a gap, and a read that begins with it fails at once', async () => {
  await remove(101, 105);
  const newestFirst = true;
  expect(await read({ newestFirst, limit: EVENTS })).toEqual({ read: sequences(120, 106), total: EVENTS });
  await expectUnreadable({ newestFirst, limit: 105 }, 105, MISSING);
  await expectUnreadable({ newestFirst, afterSequence: 100, limit: 4 }, 104, MISSING);
  expect(await read({ newestFirst, limit: 100 })).toEqual({ read: sequences(100, 1), total: EVENTS });
});

test('a log whose start was removed', async () => {
  await remove(1, 20);
  await expectUnreadable({}, 1, MISSING);
  expect(await read({ afterSequence: 20 })).toEqual({ read: sequences(21, 120), total: EVENTS });
  expect(await read({ newestFirst: true, limit: EVENTS })).toEqual({
    read: sequences(120, 21),
    total: EVENTS,
  });
});

test('GetSession and ListSessions report the last sequence as the total', async () => {
  await remove(101, 105);
  const { events: page, pagination } = await server.client.getSession({ sessionId, limit: 1000 });
  expect(page).toHaveLength(100);
  expect(pagination).toMatchObject({ total: EVENTS, hasMore: true });
  const { sessions } = await server.client.listSessions({ pageSize: 1000 });
  expect(sessions.find((session) => session.sessionId === sessionId)?.eventCount).toBe(EVENTS);
  const last = await store.events.append(
    sessionId,
    [{ eventId: 'next', type: 'note', payload: StructBytes.EMPTY }],
    context(),
  );
  expect(last[0]?.event.sequence).toBe(EVENTS + 1);
});

test('a watch sends the events before a gap, and ends with INTERNAL instead of being caught up', async () => {
  await remove(101, 105);
  const watch = server.client.watchSession({ sessionId });
  expect(await watch.end).toMatchObject({ code: Code.INTERNAL });
  expect(watch.updates).toEqual(sequences(1, 100));
});

test('a range by time counts by sequence', async () => {
  const time = new Date(Date.now() + 1000);
  await remove(101, 105);
  expect(await store.events.countBefore(sessionId, time, context())).toBe(EVENTS);
  await remove(106, EVENTS);
  expect(await store.events.countBefore(sessionId, time, context())).toBe(100);
});

test('a gap harms no reads of other sessions and pages at the same time', async () => {
  await remove(101, 105);
  const gap = sessionId;
  const other = await createLog(EVENTS);
  const reads = [
    server.client.getSession({ sessionId: gap, offset: 100 }),
    ...[0, 50, 105].map((offset) => server.client.getSession({ sessionId: gap, offset })),
    ...[0, 50, 100].map((offset) => server.client.getSession({ sessionId: other, offset })),
  ];
  expect(await outcomesOf(reads)).toEqual(['INTERNAL', ...Array<string>(6).fill('OK')]);
});

test('a session that is deleted while its events are removed is not found', async () => {
  await events.deleteMany({ sessionId });
  await events.insertOne({
    sessionId,
    eventId: 'last',
    sequence: 7,
    type: 'note',
    payload: {},
    timestamp: new Date(),
  });
  await mongoClient
    .db()
    .collection('conversation_sessions')
    .replaceOne({ sessionId }, { sessionId, deletedAt: new Date() });
  await expect(read({})).rejects.toMatchObject({ reason: 'SESSION_NOT_FOUND' });
});

describe('events with the same sequence, written while the unique index was missing', () => {
  const index = 'sessionId_1_sequence_1';
  let other: string;

  beforeEach(async () => {
    // Without the index the store refuses writes.
    other = await createLog(EVENTS);
    await events.dropIndex(index);
    await events.createIndex({ sessionId: 1, sequence: 1 }, { name: index }, {});
    for (const sequence of [50, 50, 51])
      await events.insertOne({
        ...{ sessionId, sequence, type: 'note', payload: {}, timestamp: new Date() },
        eventId: `doubled-${new mongo.ObjectId().toHexString()}`,
      });
  });

  afterEach(async () => {
    await events.deleteMany({ sessionId });
    await events.dropIndex(index);
    await events.createIndex({ sessionId: 1, sequence: 1 }, { name: index, unique: true }, {});
    await until('the store accepts writes', () =>
      store.ping().then(
        () => true,
        () => undefined,
      ),
    );
  });

  test('a page ends before them, in either direction, and a read that begins with them fails', async () => {
    expect(await read({})).toEqual({ read: sequences(1, 49), total: EVENTS });
    await expectUnreadable({ afterSequence: 49 }, 50, DOUBLED);
    await expectUnreadable({ afterSequence: 50 }, 51, DOUBLED);
    expect(await read({ afterSequence: 51 })).toEqual({ read: sequences(52, 120), total: EVENTS });
    const newestFirst = true;
    expect(await read({ newestFirst, limit: EVENTS })).toEqual({ read: sequences(120, 52), total: EVENTS });
    await expectUnreadable({ newestFirst, limit: 51 }, 51, DOUBLED);
  });

  test('they displace no events of other pages that are read at the same time', async () => {
    const doubled = sessionId;
    const page = (id: string, afterSequence: number) =>
      store.events.readPage(id, { afterSequence, limit: 60, maximumBytes: 1 << 22 }, context());
    const pages = await Promise.all([page(doubled, 0), page(other, 0), page(other, 60)]);
    expect(pages.map(({ events: { length } }) => length)).toEqual([49, 60, 60]);
  });
});

test('newest first, a page that is longer than a reply of the database begins with the last event', async () => {
  sessionId = await createLog(400, 'x'.repeat(50_000));
  const { read: page } = await read({ newestFirst: true, limit: 400 });
  expect(page.length).toBeGreaterThan(50);
  expect(page).toEqual(sequences(400, 401 - page.length));
}, 30_000);
