import { mongo } from 'mongoose';
import { disconnect } from '../support/connect';
import { MongoServer } from '../support/mongo-server';
import { type Member, ReplicaSet } from '../support/replica-set';
import { endServices, type Exit, runService } from '../support/service-process';

const COMMAND_NOT_FOUND = 59;
const COMMAND_NOT_SUPPORTED = 115;
const UNRECOGNIZED_STAGE = 40324;

/** The database where the URI names none. */
const DATABASE = 'conversation';

let set: ReplicaSet;
let member: Member;
let client: mongo.MongoClient;

beforeAll(async () => {
  set = await ReplicaSet.start(1);
  member = await set.primary();
  client = await mongo.MongoClient.connect(set.uri);
}, 60_000);

afterEach(async () => {
  await member.command({ configureFailPoint: 'failCommand', mode: 'off' });
  disconnect();
  await endServices();
});

afterAll(async () => {
  await client.close();
  await set.stop();
});

/** Starts the service on a database that rejects these commands. */
async function startWithout(
  commands: readonly string[],
  errorCode: number,
  { uri = set.uri, collection }: { readonly uri?: string; readonly collection?: string } = {},
): Promise<Exit> {
  const namespace = collection === undefined ? {} : { namespace: `${DATABASE}.${collection}` };
  await member.command({
    configureFailPoint: 'failCommand',
    mode: 'alwaysOn',
    data: { failCommands: commands, errorCode, ...namespace },
  });
  return runService({ environment: { GRPC_PORT: '0', HTTP_PORT: '', MONGODB_URI: uri } });
}

function expectLacking({ code, stderr }: Exit, features: readonly string[]): void {
  expect(code).toBe(1);
  const lines = features.map(
    (feature) =>
      `the database in MONGODB_URI lacks ${feature}: Failing command via 'failCommand' failpoint; use MongoDB 5.0 or later, see "Databases" in docs/operations.md\n`,
  );
  expect(stderr).toBe(lines.join(''));
}

test.each([
  [
    ['aggregate'],
    UNRECOGNIZED_STAGE,
    ['$lookup with localField and a pipeline', '$replaceWith and $merge', 'change streams'],
  ],
  [
    ['update'],
    COMMAND_NOT_FOUND,
    ['retryable writes (without them, add retryWrites=false to the URI)', 'updates by a pipeline'],
  ],
  [['delete'], COMMAND_NOT_SUPPORTED, ['deletions with a hint']],
  [['listIndexes'], COMMAND_NOT_FOUND, ['listCollections, listIndexes or createIndexes']],
])(
  'the service does not start on a database without %j, and names what is missing',
  async (commands, code, features) => {
    expectLacking(await startWithout(commands, code), features);
  },
);

test('the service does not start on a database without linearizable reads', async () => {
  // For a retryable write, mongod runs a find itself.
  const uri = `${set.uri}&retryWrites=false`;
  const exit = await startWithout(['find'], COMMAND_NOT_SUPPORTED, {
    uri,
    collection: 'conversation_sessions',
  });
  expectLacking(exit, ['linearizable reads']);
});

/** How many sessions of the driver the database has seen retryable writes from. */
const countRetryable = (): Promise<number> => client.db('config').collection('transactions').countDocuments();

test('retryWrites=false in the URI is honored', async () => {
  const create = async (parameters: string, sessionId: string): Promise<void> => {
    const server = await MongoServer.start(set.uri + parameters);
    await server.client.createSession({ sessionId });
    await server.client.addEvent({ sessionId, eventId: 'e1' });
    // Documents are sent by commands that the driver does not retry; a tombstone is written by one that it does.
    await server.client.deleteSession(sessionId);
  };
  const before = await countRetryable();
  await create('&retryWrites=false', 'call-1');
  expect(await countRetryable()).toBe(before);
  await create('', 'call-2');
  expect(await countRetryable()).toBeGreaterThan(before);
});
