import { mongo } from 'mongoose';
import { describeFaults, readCatalog } from '../../src/storage/mongo/catalog';
import { completeDatabase } from '../../src/storage/mongo/complete-database';
import { type RunningMongod, startReplicaSet } from '../support/mongod';

let mongod: RunningMongod;
let client: mongo.MongoClient;
let db: mongo.Db;
let events: mongo.Collection;

beforeAll(async () => {
  mongod = await startReplicaSet();
  client = await mongo.MongoClient.connect(mongod.uri);
  db = client.db();
  events = db.collection('conversation_events');
}, 60_000);

beforeEach(async () => {
  await db.dropDatabase();
  expect(await build()).toEqual([]);
});

afterAll(async () => {
  await client.close();
  await mongod.stop();
});

/** Builds what is missing, and returns what could not be built. */
const build = async (): Promise<string[]> =>
  completeDatabase({ db, replicated: true }, await readCatalog(db));

const faultsNow = async (): Promise<string> => describeFaults(await readCatalog(db));

test('what was built is complete; a collection that does not exist is named as such', async () => {
  expect(await faultsNow()).toBe('');
  await events.drop();
  expect(await faultsNow()).toBe('the collection conversation_events does not exist');
});

test('an index of any other name will do', async () => {
  await events.dropIndex('sessionId_1_sequence_1');
  await events.createIndex({ sessionId: 1, sequence: 1 }, { unique: true, name: 'by hand' }, {});
  expect(await faultsNow()).toBe('');
});

const others: [difference: string, key: Record<string, 1 | -1>, options: mongo.CreateIndexesOptions][] = [
  ['not unique', { sessionId: 1, sequence: 1 }, {}],
  ['in another order', { sequence: 1, sessionId: 1 }, { unique: true }],
  ['sparse', { sessionId: 1, sequence: 1 }, { unique: true, sparse: true }],
  [
    'for some documents only',
    { sessionId: 1, sequence: 1 },
    { unique: true, partialFilterExpression: { sequence: { $gt: 5 } } },
  ],
  ['with a collation', { sessionId: 1, sequence: 1 }, { unique: true, collation: { locale: 'en' } }],
  ['hidden', { sessionId: 1, sequence: 1 }, { unique: true, hidden: true }],
];

test.each(others)('an index that is %s is not the one that is required', async (_, key, options) => {
  const name = 'sessionId_1_sequence_1';
  await events.dropIndex(name);
  await events.createIndex(key, { ...options, name }, {});
  expect(await faultsNow()).toBe('conversation_events has no unique index {"sessionId":1,"sequence":1}');
  expect(await build()).toEqual([
    expect.stringContaining(`drop that with db.conversation_events.dropIndex("${name}")`),
  ]);
});

test('an index that removes documents is not the one that is required', async () => {
  const sessions = db.collection('conversation_sessions');
  await sessions.dropIndex('deletedAt_1');
  await sessions.createIndex({ deletedAt: 1 }, { sparse: true, expireAfterSeconds: 60 }, {});
  expect(await faultsNow()).toBe('conversation_sessions has no index {"deletedAt":1}');
});

test('an index that cannot be built does not prevent the others', async () => {
  await events.dropIndexes();
  const row = { sessionId: 'call-1', eventId: 'e1' };
  await events.insertMany([
    { ...row, sequence: 1 },
    { ...row, sequence: 2 },
  ]);
  expect(await build()).toEqual([
    expect.stringContaining('documents are doubled, for example {"sessionId":"call-1","eventId":"e1"}'),
  ]);
  expect(await faultsNow()).toBe('conversation_events has no unique index {"sessionId":1,"eventId":1}');
});
