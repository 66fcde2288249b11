import { mongo } from 'mongoose';
import { HealthCheckResponse_ServingStatus as Serving } from '../../generated/grpc/health/v1/health';
import { failureOf } from '../support/call-error';
import { disconnect, readLog } from '../support/connect';
import { type RunningMongod, startReplicaSet } from '../support/mongod';
import { MongoServer } from '../support/mongo-server';
import { endServices } from '../support/service-process';
import { until } from '../support/until';

const DAY_MS = 24 * 60 * 60 * 1000;
const REPAIRED = /^MongoDB has all collections and indexes again/;

let mongod: RunningMongod;
let client: mongo.MongoClient;
let db: mongo.Db;
let meta: mongo.Collection<{ _id: string; version: number }>;
let server: MongoServer;

beforeAll(async () => {
  mongod = await startReplicaSet();
  client = await mongo.MongoClient.connect(mongod.uri);
  db = client.db();
  meta = db.collection('conversation_meta');
}, 60_000);

beforeEach(async () => {
  server = await MongoServer.start(mongod.uri);
  await server.client.createSession({ sessionId: 'call-1' });
  await server.client.addEvent({ sessionId: 'call-1', eventId: 'e1' });
});

afterEach(async () => {
  disconnect();
  await endServices();
  await db.dropDatabase();
});

afterAll(async () => {
  await client.close();
  await mongod.stop();
});

const whenServing = (expected: Serving): Promise<true> =>
  until(`health is ${Serving[expected]}`, async () =>
    (await server.health()) === expected ? true : undefined,
  );

/** Expects that writes are refused, and that reads go on. */
async function expectReadOnly(): Promise<void> {
  const { client: sender } = server;
  for (const write of [
    () => sender.addEvent({ sessionId: 'call-1', eventId: 'e2' }),
    () => sender.createSession({ sessionId: 'call-2' }),
    () => sender.deleteSession('call-1'),
  ])
    expect((await failureOf(write())).info?.reason).toBe('STORE_UNAVAILABLE');
  expect((await sender.getSession({ sessionId: 'call-1' })).events).toHaveLength(1);
  await whenServing(Serving.NOT_SERVING);
}

async function expectRepaired(): Promise<void> {
  await server.logged(REPAIRED);
  await whenServing(Serving.SERVING);
  const { event } = await server.client.addEvent({ sessionId: 'call-1', eventId: 'e2' });
  expect(event?.sequence).toBe(2);
}

/** Gives the session the age of one that was in a backup. */
async function makeOld(): Promise<void> {
  const sessions = db.collection('conversation_sessions');
  const row = await sessions.findOneAndDelete({ sessionId: 'call-1' });
  const _id = mongo.ObjectId.createFromTime(Math.floor((Date.now() - DAY_MS) / 1000));
  await sessions.insertOne({ ...row, _id });
}

test('another version under a running server: writes are refused, reads go on, no index is built', async () => {
  await meta.updateOne({ _id: 'format' }, { $set: { version: 2 } });
  const line = await server.logged(/^conversation_meta has the format version 2, not 1.*run the version/);
  expect(line).toMatch(/writes are refused until this is repaired/);
  await db.collection('conversation_sessions').dropIndex('startedAt_-1_sessionId_1');
  await server.logged(/conversation_sessions has no index .*run the version/);
  await expectReadOnly();
  expect(await meta.find().toArray()).toEqual([{ _id: 'format', version: 2 }]);
  const indexes = await db.collection('conversation_sessions').indexes();
  expect(indexes.map(({ name }) => name)).not.toContain('startedAt_-1_sessionId_1');

  await meta.updateOne({ _id: 'format' }, { $set: { version: 1 } });
  await expectRepaired();
});

test('a restore without the version under a running server: writes are refused until it is restored', async () => {
  await makeOld();
  await meta.drop();
  const line = await server.logged(/conversation_meta has no format version.*restore conversation_meta too/);
  expect(line).toContain('has documents in conversation_sessions, but');
  await expectReadOnly();
  expect(await meta.countDocuments()).toBe(0);

  await meta.insertOne({ _id: 'format', version: 1 });
  await expectRepaired();
});

test('a drop of the database under load: the version is written again, and writes go on', async () => {
  let stopping = false;
  const load = async (): Promise<void> => {
    for (let number = 2; !stopping; number += 1)
      await server.client.addEvent({ sessionId: 'call-1', eventId: `e${number}` }).catch(() => undefined);
  };
  const loads = [load(), load()];
  await db.dropDatabase();
  await server.logged(/dropped or replaced/);
  await until(
    'the version is written again',
    async () => (await meta.findOne({ _id: 'format' })) ?? undefined,
  );
  await server.logged(REPAIRED);
  stopping = true;
  await Promise.all(loads);
  expect(await meta.find().toArray()).toEqual([{ _id: 'format', version: 1 }]);
  await server.client.createSession({ sessionId: 'call-2' });
  await server.client.addEvent({ sessionId: 'call-2', eventId: 'e1' });
  expect(await readLog(server.client, 'call-2')).toHaveLength(1);
});
