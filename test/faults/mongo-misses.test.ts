import { mongo } from 'mongoose';
import { RequestContext } from '../../src/core/request-context';
import type { Store } from '../../src/core/store';
import { openMongo } from '../support/open-mongo';
import { ReplicaSet } from '../support/replica-set';

const COUNT = 25;

let set: ReplicaSet;
let store: Store;
let client: mongo.MongoClient;

beforeAll(async () => {
  set = await ReplicaSet.start(1);
  store = await openMongo(set.uri);
  client = await mongo.MongoClient.connect(set.uri);
}, 60_000);

afterAll(async () => {
  await store.close();
  await client.close();
  await set.stop();
});

/** Runs a call again and again on the idle database, and returns its median duration in milliseconds. */
async function medianOf(call: (run: number) => Promise<unknown>): Promise<number> {
  const durations: number[] = [];
  for (let run = 0; run < COUNT; run += 1) {
    // At any moment between two syncs of the journal.
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 100));
    const startedAt = performance.now();
    await call(run);
    durations.push(performance.now() - startedAt);
  }
  return durations.sort((a, b) => a - b)[Math.floor(COUNT / 2)] ?? NaN;
}

async function readMissing(sessionId: string): Promise<void> {
  const range = { afterSequence: 0, limit: 1, maximumBytes: 1 };
  const read = store.events.readPage(sessionId, range, new RequestContext(Date.now() + 10_000));
  await expect(read).rejects.toMatchObject({ reason: 'SESSION_NOT_FOUND' });
}

test("a missing session is reported without waiting for the journal's timer, which a linearizable read alone awaits", async () => {
  const sessions = client.db().collection('conversation_sessions');
  const linearizable = await medianOf(() =>
    sessions.findOne({ sessionId: 'none' }, { readConcern: 'linearizable' }),
  );
  expect(linearizable).toBeGreaterThan(25);
  expect(await medianOf((run) => readMissing(`none-${run}`))).toBeLessThan(linearizable / 2);
}, 30_000);

test('a missing session leaves nothing in the database', async () => {
  await Promise.all(Array.from({ length: 50 }, (_, index) => readMissing(`none-${index}`)));
  expect(await client.db().collection('conversation_sessions').countDocuments()).toBe(0);
});
