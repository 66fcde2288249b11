import { resolve } from 'node:path';
import { mongo } from 'mongoose';
import type { Store } from '../../src/core/store';
import { failureOf } from '../support/call-error';
import { connect, disconnect } from '../support/connect';
import { openMongo } from '../support/open-mongo';
import { ReplicaSet } from '../support/replica-set';
import { endServices, startService } from '../support/service-process';
import { until } from '../support/until';

const NEVER = new AbortController().signal;

let set: ReplicaSet;
let store: Store;
let mongoClient: mongo.MongoClient;

beforeAll(async () => {
  set = await ReplicaSet.start(1);
  store = await openMongo(set.uri);
  mongoClient = new mongo.MongoClient(set.uri);
}, 60_000);

afterEach(async () => {
  disconnect();
  await endServices();
});

afterAll(async () => {
  await store.close();
  await mongoClient.close();
  await set.stop();
});

test('a server that stops between its look-up and its insert acknowledges no event of a session swept meanwhile', async () => {
  const sessionId = 'session-1';
  const { service, port } = await startService({
    MONGODB_URI: set.uri,
    NODE_OPTIONS: `--import=${resolve(__dirname, '..', 'support', 'stop-at-reply.mjs')}`,
    STOP_AT_REPLY: sessionId,
  });
  const logged = (text: string): Promise<unknown> =>
    until(`the server logs ${text}`, () => service.log.find(({ msg }) => msg === text));
  await logged('the store answers: serving');
  const client = connect(port);
  const { session } = await client.createSession({ sessionId });
  const append = failureOf(
    client.addEvent({ sessionId, eventId: 'event-1' }, { deadline: Date.now() + 60_000 }),
  );
  await logged('stopped');
  expect(await store.expiry.deleteInactive(session?.startedAt ?? new Date(0), NEVER)).toBe(1);
  service.signal('SIGCONT');
  expect(await append).toMatchObject({ info: { reason: 'SESSION_NOT_FOUND' } });
  const events = mongoClient.db().collection('conversation_events');
  await until('the event is removed', async () =>
    (await events.countDocuments({ sessionId })) === 0 ? true : undefined,
  );
}, 60_000);
