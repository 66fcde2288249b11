import { MongoMemoryServer } from 'mongodb-memory-server';
import { mongo } from 'mongoose';
import { failureOf } from '../support/call-error';
import { disconnect } from '../support/connect';
import { MongoServer } from '../support/mongo-server';
import { endServices, runService } from '../support/service-process';

/** What the service needs while the indexes exist. */
const ACTIONS = ['find', 'insert', 'update', 'remove', 'listCollections', 'listIndexes'];
const READ_ACTIONS = ['find', 'listCollections', 'listIndexes'];

let mongod: MongoMemoryServer;
let owner: mongo.MongoClient;

const uriOf = (user: string): string =>
  `mongodb://${user}:secret@127.0.0.1:${mongod.instanceInfo?.port ?? 0}/conversation?authSource=admin`;

const createIndexes = async (user: string): ReturnType<typeof runService> =>
  runService({ environment: { MONGODB_URI: uriOf(user) }, options: ['--create-indexes'] });

/** A standalone server: it has no commit quorum. */
beforeAll(async () => {
  mongod = await MongoMemoryServer.create({
    auth: { enable: true, customRootName: 'owner', customRootPwd: 'secret' },
    instance: { storageEngine: 'wiredTiger', args: ['--wiredTigerCacheSizeGB', '0.25'] },
  });
  owner = await mongo.MongoClient.connect(uriOf('owner'));
  const resource = { db: 'conversation', collection: '' };
  for (const [name, actions] of Object.entries({ writer: ACTIONS, reader: READ_ACTIONS })) {
    await owner.db('admin').command({ createRole: name, privileges: [{ resource, actions }], roles: [] });
    await owner.db('admin').command({ createUser: name, pwd: 'secret', roles: [name] });
  }
}, 60_000);

afterEach(async () => {
  disconnect();
  await endServices();
  await owner.db('conversation').dropDatabase();
});

afterAll(async () => {
  await owner.close();
  await mongod.stop();
});

test('a user without the right to create indexes can run the service once they exist', async () => {
  const refused = await createIndexes('writer');
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(
    /^cannot build the unique index {"sessionId":1} of conversation_sessions: the user in MONGODB_URI may not; run npm start -- --create-indexes with a user that has the readWrite role\n/,
  );
  expect((await createIndexes('owner')).code).toBe(0);

  const { client } = await MongoServer.start(uriOf('writer'));
  await client.createSession({ sessionId: 'call-1' });
  await client.addEvent({ sessionId: 'call-1', eventId: 'e1' });
});

test('a user without that right: the log names the command, and writes go on after it', async () => {
  expect((await createIndexes('owner')).code).toBe(0);
  const server = await MongoServer.start(uriOf('writer'));
  await server.client.createSession({ sessionId: 'call-1' });
  await owner.db('conversation').collection('conversation_events').dropIndexes();
  await server.logged(/^conversation_events has no unique index .* run npm start -- --create-indexes/);
  const event = { sessionId: 'call-1', eventId: 'e1' };
  expect((await failureOf(server.client.addEvent(event))).info?.reason).toBe('STORE_UNAVAILABLE');
  expect((await createIndexes('owner')).code).toBe(0);
  await server.logged(/^MongoDB has all collections and indexes again/);
  expect(await server.client.addEvent(event)).toMatchObject({ duplicate: false, event: { sequence: 1 } });
});

test('a user without the right to write cannot start on an empty database: the line names the command', async () => {
  const { code, stderr } = await createIndexes('reader');
  expect(stderr).toBe(
    'cannot write the format version to conversation_meta: the user in MONGODB_URI may not; run npm start -- --create-indexes with a user that has the readWrite role\n',
  );
  expect(code).toBe(1);
});

test('doubled documents prevent a start, with an example and where the repair is described', async () => {
  expect((await createIndexes('owner')).code).toBe(0);
  const events = owner.db('conversation').collection('conversation_events');
  await events.dropIndexes();
  await events.insertMany([
    { sessionId: 'call-1', eventId: 'e1', sequence: 1 },
    { sessionId: 'call-1', eventId: 'e2', sequence: 1 },
  ]);
  const environment = { GRPC_PORT: '0', HTTP_PORT: '', MONGODB_URI: uriOf('owner') };
  const { code, stderr } = await runService({ environment });
  expect(code).toBe(1);
  expect(stderr).toBe(
    'cannot build the unique index {"sessionId":1,"sequence":1} of conversation_events: documents are doubled, for example {"sessionId":"call-1","sequence":1}; see "Doubled documents" in docs/operations.md\n',
  );
  await events.deleteOne({ eventId: 'e2' });
  await MongoServer.start(uriOf('owner'));
});
