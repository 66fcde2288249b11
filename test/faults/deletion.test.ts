import { join } from 'node:path';
import { status as Code } from '@grpc/grpc-js';
import { open } from 'lmdb';
import { mongo } from 'mongoose';
import { failureOf } from '../support/call-error';
import { connect, disconnect } from '../support/connect';
import { ReplicaSet } from '../support/replica-set';
import type { RpcClient } from '../support/rpc-client';
import { endServices, startService, temporaryFolder } from '../support/service-process';
import { until } from '../support/until';

const EVENTS = 50_000;
const BATCH = 1000;

/** The maximum duration of a call while events are removed, in milliseconds. */
const MAX_CALL_MS = 1000;

let set: ReplicaSet;
let mongoClient: mongo.MongoClient;

beforeAll(async () => {
  set = await ReplicaSet.start(1);
  mongoClient = new mongo.MongoClient(set.uri);
}, 60_000);

afterEach(async () => {
  disconnect();
  await endServices();
});

afterAll(async () => {
  await mongoClient.close();
  await set.stop();
});

/** A database that outlives its servers, read directly. */
interface TestDatabase {
  readonly environment: Readonly<Record<string, string>>;
  readonly countEvents: (sessionId: string) => Promise<number>;
}

function inMongo(): TestDatabase {
  return {
    environment: { MONGODB_URI: set.uri },
    countEvents: (sessionId) =>
      mongoClient.db().collection('conversation_events').countDocuments({ sessionId }),
  };
}

function inFolder(): TestDatabase {
  const folder = join(temporaryFolder(), 'data');
  return {
    environment: { DATA_DIR: folder },
    // Counts the events of all sessions: other sessions have only a few.
    countEvents: async () => {
      const root = open({ path: folder, noSubdir: false, readOnly: true, maxDbs: 8 });
      const events = root.openDB<Buffer, Buffer>({
        name: 'events',
        keyEncoding: 'binary',
        encoding: 'binary',
      });
      const count = events.getCount();
      await root.close();
      return count;
    },
  };
}

async function serve({
  environment,
}: TestDatabase): Promise<{ client: RpcClient; kill: () => Promise<void> }> {
  const { service, port } = await startService(environment);
  await until('the server is ready', () =>
    service.log.find(({ msg }) => msg === 'the store answers: serving'),
  );
  const kill = async (): Promise<void> => {
    service.signal('SIGKILL');
    await service.exit;
  };
  return { client: connect(port), kill };
}

async function timed(call: Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await call;
  return performance.now() - startedAt;
}

describe.each([
  ['embedded', inFolder],
  ['mongodb', inMongo],
])('%s', (name, createDatabase) => {
  test('a long session is deleted at once; its events are removed in the background, also after a kill and restart', async () => {
    const database = createDatabase();
    const [sessionId, other] = [`long-${name}`, `other-${name}`];
    const first = await serve(database);
    await first.client.createSession({ sessionId });
    await first.client.createSession({ sessionId: other });
    for (let at = 0; at < EVENTS; at += BATCH) {
      const events = Array.from({ length: BATCH }, (_, index) => ({ eventId: `event-${at + index}` }));
      await first.client.batchAddEvents({ sessionId, events });
    }
    expect(await timed(first.client.deleteSession(sessionId))).toBeLessThan(MAX_CALL_MS);
    expect(await failureOf(first.client.getSession({ sessionId }))).toMatchObject({ code: Code.NOT_FOUND });

    let slowest = 0;
    let added = 0;
    const remaining = await until('some events are removed', async () => {
      added += 1;
      const call = first.client.addEvent({ sessionId: other, eventId: `event-${added}` });
      slowest = Math.max(slowest, await timed(call));
      const count = await database.countEvents(sessionId);
      return count < EVENTS ? count : undefined;
    });
    await first.kill();
    expect(slowest).toBeLessThan(MAX_CALL_MS);
    expect(remaining).toBeGreaterThan(BATCH);

    const second = await serve(database);
    const [error, page] = await Promise.all([
      failureOf(second.client.createSession({ sessionId })),
      second.client.getSession({ sessionId: other }),
    ]);
    expect(error).toMatchObject({ code: Code.FAILED_PRECONDITION, info: { reason: 'SESSION_DELETED' } });
    expect(page.pagination?.total).toBe(added);
    const cleared = async (): Promise<true | undefined> =>
      (await database.countEvents(sessionId)) <= added ? true : undefined;
    await until('the remaining events are removed', cleared, 30_000);
    expect((await second.client.getSession({ sessionId: other })).pagination?.total).toBe(added);
  }, 90_000);
});

test('events that another server acknowledged after the deletion are removed too', async () => {
  const database = inMongo();
  const [deleting, writing] = await Promise.all([serve(database), serve(database)]);
  const sessionId = 'written to';
  await deleting.client.createSession({ sessionId });
  await writing.client.addEvent({ sessionId, eventId: 'before' });
  await deleting.client.deleteSession(sessionId);
  const deletedAt = performance.now();
  expect(await failureOf(deleting.client.addEvent({ sessionId, eventId: 'late' }))).toMatchObject({
    code: Code.NOT_FOUND,
  });
  // A server that read the session less than 5 s ago still accepts its events.
  let acknowledged = 0;
  const error = await until('the writer gets NOT_FOUND', async () => {
    const call = writing.client.addEvent({ sessionId, eventId: `event-${acknowledged}` });
    const failure = await call.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (failure === undefined) acknowledged += 1;
    return failure;
  });
  expect(error).toMatchObject({ code: Code.NOT_FOUND });
  expect(performance.now() - deletedAt).toBeLessThan(5500);
  expect(acknowledged).toBeGreaterThan(0);
  expect(await failureOf(writing.client.createSession({ sessionId }))).toMatchObject({
    info: { reason: 'SESSION_DELETED' },
  });

  await until(
    'no event is left',
    async () => ((await database.countEvents(sessionId)) === 0 ? true : undefined),
    40_000,
  );
  const sessions = mongoClient.db().collection('conversation_sessions');
  const tombstone = await until(
    'the cleanup is complete',
    async () => (await sessions.findOne({ sessionId, uncleared: { $exists: false } })) ?? undefined,
    40_000,
  );
  expect(Object.keys(tombstone).sort()).toEqual(['_id', 'deletedAt', 'sessionId']);
  expect(await database.countEvents(sessionId)).toBe(0);
}, 90_000);

test('a tombstone is removed only after the last event, also one that was stored long after the deletion', async () => {
  const database = inMongo();
  const { client } = await serve(database);
  const sessionId = 'late event';
  await client.createSession({ sessionId });
  await client.deleteSession(sessionId);
  const db = mongoClient.db();
  const sessions = db.collection('conversation_sessions');
  const events = db.collection('conversation_events');
  await until(
    'the first removal is over',
    async () => (await sessions.findOne({ sessionId, uncleared: { $gt: new Date() } })) ?? undefined,
  );
  await events.insertOne({ sessionId, eventId: 'event-1', sequence: 1, timestamp: new Date() });
  const longAgo = new Date(Date.now() - 31 * 24 * 3600 * 1000);
  await sessions.updateOne({ sessionId }, { $set: { deletedAt: longAgo }, $unset: { uncleared: '' } });
  await until(
    'the tombstone is removed',
    async () => ((await sessions.findOne({ sessionId })) === null ? true : undefined),
    20_000,
  );
  expect(await events.countDocuments({ sessionId })).toBe(0);
  const { created, session } = await client.createSession({ sessionId });
  expect({ created, eventCount: session?.eventCount }).toEqual({ created: true, eventCount: 0 });
}, 60_000);
