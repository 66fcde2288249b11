import { setTimeout as sleep } from 'node:timers/promises';
import { mongo } from 'mongoose';
import { HealthCheckResponse_ServingStatus as Serving } from '../../generated/grpc/health/v1/health';
import { failureOf } from '../support/call-error';
import { disconnect, readLog } from '../support/connect';
import { MongoServer } from '../support/mongo-server';
import { ReplicaSet } from '../support/replica-set';
import { endServices } from '../support/service-process';
import { until } from '../support/until';

const SESSIONS = 'conversation_sessions';
const EVENTS = 'conversation_events';
/** Either of two servers notices the loss first, and repairs it; the other one may only see other collections. */
const NOTICED = /stored twice|dropped or replaced/;

let set: ReplicaSet;
let client: mongo.MongoClient;
let db: mongo.Db;
let uri: string;

beforeAll(async () => {
  set = await ReplicaSet.start(1);
  client = await mongo.MongoClient.connect(set.uri);
}, 60_000);

beforeEach(() => {
  const name = `gone-${String(new mongo.ObjectId())}`;
  db = client.db(name);
  uri = set.uri.replace('/conversation?', `/${name}?`);
});

afterEach(async () => {
  disconnect();
  await endServices();
});

afterAll(async () => {
  await client.close();
  await set.stop();
});

/** Two servers, both with the log head of a session with 10 events in their caches. */
async function startTwo(): Promise<[MongoServer, MongoServer]> {
  const servers: [MongoServer, MongoServer] = [await MongoServer.start(uri), await MongoServer.start(uri)];
  await servers[0].client.createSession({ sessionId: 'call-1' });
  for (let number = 1; number <= 10; number += 1)
    for (const server of servers)
      await server.client.addEvent({ sessionId: 'call-1', eventId: `e${number}` });
  return servers;
}

/** Sends five events three times each, through both servers, and expects each to be stored once. */
async function expectStoredOnce([one, other]: [MongoServer, MongoServer], sessionId: string): Promise<void> {
  await one.client.createSession({ sessionId });
  for (let number = 1; number <= 5; number += 1) {
    const event = { sessionId, eventId: `after-${number}` };
    const replies = [];
    for (const { client: sender } of [one, one, other])
      replies.push(
        // A server that notices the loss only now refuses the write.
        await until('the event is acknowledged', () => sender.addEvent(event).catch(() => undefined)),
      );
    expect(replies.slice(1).map(({ duplicate }) => duplicate)).toEqual([true, true]);
  }
  const log = await readLog(other.client, sessionId);
  expect(log.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
}

/** The names of a collection's unique indexes; none if it does not exist. */
async function uniqueIndexes(collection: string): Promise<string[]> {
  const exists = await db.listCollections({ name: collection }).hasNext();
  const indexes = exists ? await db.collection(collection).indexes() : [];
  return indexes.filter(({ unique }) => unique === true).map(({ name }) => String(name));
}

const gone: [what: string, drop: () => Promise<unknown>][] = [
  ['the database', () => db.dropDatabase()],
  ['the collection of the events', () => db.dropCollection(EVENTS)],
  ['the collection of the sessions', () => db.dropCollection(SESSIONS)],
  ['all indexes of the events', () => db.collection(EVENTS).dropIndexes()],
  ['all indexes of the sessions', () => db.collection(SESSIONS).dropIndexes()],
  ['the index of event IDs', () => db.collection(EVENTS).dropIndex('sessionId_1_eventId_1')],
  ['the index of sequences', () => db.collection(EVENTS).dropIndex('sessionId_1_sequence_1')],
];

test.each(gone)(
  'after a drop of %s, the indexes are built again and each event is stored once',
  async (_, drop) => {
    const servers = await startTwo();
    const before = new Date();
    await drop();
    const line = await until('a server notices', () =>
      servers.flatMap(({ warnings }) => warnings).find((warning) => NOTICED.test(warning)),
    );
    const [since = ''] = /(?<=acknowledged since )[^ ,;]+/.exec(line) ?? [];
    expect(before.getTime() - Date.parse(since)).toBeLessThan(2000);
    expect(Date.parse(since)).toBeLessThanOrEqual(Date.now());
    await until('the indexes exist', async () =>
      (await uniqueIndexes(EVENTS)).length === 2 && (await uniqueIndexes(SESSIONS)).length === 1
        ? true
        : undefined,
    );
    for (const server of servers)
      await until('the server accepts writes', () =>
        server.client.createSession({ sessionId: 'call-2' }).then(
          () => true,
          () => undefined,
        ),
      );
    await expectStoredOnce(servers, 'call-3');
    for (const server of servers)
      await until('the server is ready', async () =>
        (await server.health()) === Serving.SERVING ? true : undefined,
      );
  },
);

/** Replaces a collection, as `mongorestore --drop` does, by one with these documents and the same indexes. */
async function restore(name: string, documents: mongo.Document[]): Promise<void> {
  const indexes = await db.collection(name).indexes();
  const restored = await db.createCollection('restored');
  for (const { key, unique = false, sparse = false } of indexes)
    if (!('_id' in key)) await restored.createIndex(key, { unique, sparse }, {});
  await restored.insertMany(documents);
  await restored.rename(name, { dropTarget: true });
}

test('after a restore under running servers, no event is acknowledged after a cached log head', async () => {
  const servers = await startTwo();
  const [first, second] = servers;
  const events = await db
    .collection(EVENTS)
    .find({ sequence: { $lte: 5 } })
    .toArray();
  await restore(SESSIONS, await db.collection(SESSIONS).find().toArray());
  await restore(EVENTS, events);
  for (const server of servers) {
    const line = await server.logged(/conversation_events.*dropped or replaced/);
    expect(line).toMatch(/acknowledged since \d{4}-.*Z may be lost/);
  }
  await first.client.addEvent({ sessionId: 'call-1', eventId: 'after-1' });
  await second.client.addEvent({ sessionId: 'call-1', eventId: 'after-2' });
  const log = await readLog(first.client, 'call-1');
  expect(log.map(({ eventId }) => eventId)).toEqual(['e1', 'e2', 'e3', 'e4', 'e5', 'after-1', 'after-2']);
  expect(log.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7]);
});

test('a server that was frozen during a restore checks the database before it acknowledges a write', async () => {
  const [server] = await startTwo();
  server.service.signal('SIGSTOP');
  const adding = server.client.addEvent({ sessionId: 'call-1', eventId: 'after' });
  await restore(
    EVENTS,
    await db
      .collection(EVENTS)
      .find({ sequence: { $lte: 5 } })
      .toArray(),
  );
  // Longer than a check is valid.
  await sleep(4000);
  server.service.signal('SIGCONT');
  expect((await adding).event?.sequence).toBe(6);
  const log = await readLog(server.client, 'call-1');
  expect(log.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6]);
});

test('doubled documents: writes are refused at once and reads go on, until the doubles are removed', async () => {
  const [server] = await startTwo();
  await db.collection(EVENTS).dropIndex('sessionId_1_eventId_1');
  const [last] = await db.collection(EVENTS).find({ sequence: 10 }).toArray();
  const doubled = { ...last, _id: new mongo.ObjectId(), sequence: 11 };
  await db.collection(EVENTS).insertOne(doubled);

  const line = await server.logged(/documents are doubled/);
  expect(line).toContain('{"sessionId":"call-1","eventId":"e10"}');
  expect(line).toContain('"Doubled documents" in docs/operations.md');
  await until(
    'health is NOT_SERVING',
    async () => ((await server.health()) === Serving.NOT_SERVING ? true : undefined),
    2000,
  );
  const { client } = server;
  const [sessionId, eventId] = ['call-1', 'e1'];
  for (const write of [
    () => client.addEvent({ sessionId, eventId }),
    () => client.batchAddEvents({ sessionId, events: [{ eventId: 'new' }] }),
    () => client.createSession({ sessionId: 'call-2' }),
    () => client.updateSession({ sessionId, language: 'de' }),
    () => client.completeSession({ sessionId }),
    () => client.deleteSession(sessionId),
  ])
    expect((await failureOf(write())).info?.reason).toBe('STORE_UNAVAILABLE');
  expect((await client.getSession({ sessionId, limit: 100 })).events).toHaveLength(11);
  expect((await client.getEvent({ sessionId, eventId })).event?.sequence).toBe(1);
  expect((await client.listSessions({})).sessions).toHaveLength(1);

  await db.collection(EVENTS).deleteOne({ _id: doubled._id });
  await server.logged(/^MongoDB has all collections and indexes again/);
  await until('health is SERVING', async () =>
    (await server.health()) === Serving.SERVING ? true : undefined,
  );
  expect((await client.addEvent({ sessionId, eventId: 'new' })).event?.sequence).toBe(11);
  const { warnings } = server;
  expect(warnings.filter((warning) => /conversation_events has no unique index/.test(warning))).toHaveLength(
    2,
  );
});

test('a unique index that was replaced by another one of its name: the log says how to drop that', async () => {
  const [server] = await startTwo();
  const events = db.collection(EVENTS);
  await events.dropIndex('sessionId_1_sequence_1');
  // Unless a server has built the unique index again meanwhile.
  await until('the other index exists', () =>
    events
      .createIndex({ sessionId: 1, sequence: 1 }, { name: 'sessionId_1_sequence_1' }, {})
      .catch(() => events.dropIndex('sessionId_1_sequence_1').then(() => undefined)),
  );
  const line = await server.logged(/conversation_events\.dropIndex\("sessionId_1_sequence_1"\)/);
  expect(line).toContain('conversation_events has no unique index {"sessionId":1,"sequence":1}');
  expect(await failureOf(server.client.createSession({ sessionId: 'call-2' }))).toMatchObject({
    info: { reason: 'STORE_UNAVAILABLE' },
  });
  await events.dropIndex('sessionId_1_sequence_1');
  await server.logged(/^MongoDB has all collections and indexes again/);
  expect((await server.client.addEvent({ sessionId: 'call-1', eventId: 'new' })).event?.sequence).toBe(11);
});

test('while another server builds an index, writes are refused: it does not keep doubles out yet', async () => {
  const [member] = set.members;
  const servers = await startTwo();
  await member?.command({ configureFailPoint: 'hangAfterStartingIndexBuild', mode: 'alwaysOn' });
  try {
    await db.collection(EVENTS).dropIndex('sessionId_1_sequence_1');
    for (const server of servers) {
      await server.logged(/conversation_events has no unique index/);
      const { info } = await failureOf(server.client.addEvent({ sessionId: 'call-1', eventId: 'new' }));
      expect(info?.reason).toBe('STORE_UNAVAILABLE');
    }
  } finally {
    await member?.command({ configureFailPoint: 'hangAfterStartingIndexBuild', mode: 'off' });
  }
  for (const server of servers) await server.logged(/^MongoDB has all collections and indexes again/);
  await expectStoredOnce(servers, 'call-2');
});

test('an index that is not unique is built again, while writes and lists go on', async () => {
  const [member] = set.members;
  const [server] = await startTwo();
  await member?.command({ configureFailPoint: 'hangAfterStartingIndexBuild', mode: 'alwaysOn' });
  try {
    await db.collection(SESSIONS).dropIndex('startedAt_-1_sessionId_1');
    await server.logged(/conversation_sessions has no index .*: queries are slow until it is built/);
    await server.client.createSession({ sessionId: 'call-2' });
    expect((await server.client.listSessions({})).sessions).toHaveLength(2);
    expect(await server.health()).toBe(Serving.SERVING);
  } finally {
    await member?.command({ configureFailPoint: 'hangAfterStartingIndexBuild', mode: 'off' });
  }
  await server.logged(/^MongoDB has all collections and indexes again/);
});
