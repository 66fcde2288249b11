import type { mongo } from 'mongoose';
import { RequestContext } from '../../src/core/request-context';
import type { Store } from '../../src/core/store';
import { StructBytes } from '../../src/core/struct/struct-bytes';
import { expectWholeLog, LogWriter } from '../support/log-writer';
import { openMongo } from '../support/open-mongo';
import { ReplicaSet } from '../support/replica-set';

let set: ReplicaSet;
let store: Store;
let other: Store;

beforeAll(async () => {
  set = await ReplicaSet.start(1);
  store = await openMongo(set.uri);
  other = await openMongo(set.uri);
}, 60_000);

afterAll(async () => {
  await Promise.all([store.close(), other.close()]);
  await set.stop();
});

/** Makes the next inserts fail, or succeed with a write concern error. */
async function failInserts(times: number, data: mongo.Document): Promise<void> {
  const primary = await set.primary();
  await primary.command({
    configureFailPoint: 'failCommand',
    mode: { times },
    data: { failCommands: ['insert'], ...data },
  });
}

async function stopFailing(): Promise<void> {
  const primary = await set.primary();
  await primary.command({ configureFailPoint: 'failCommand', mode: 'off' });
}

afterEach(stopFailing);

const WRITE_CONCERN_ERROR = { writeConcernError: { code: 64, errmsg: 'waiting for replication timed out' } };

test('after a write concern error a read determines the outcome, and each event is stored once', async () => {
  const writer = new LogWriter(store);
  await writer.create();
  await writer.add(10);
  await failInserts(3, WRITE_CONCERN_ERROR);
  await writer.add(100, 50);
  expect(writer.failures).toBe(0);
  await expectWholeLog(writer, 110);
});

test('a write concern error with a duplicate key in one bulk write loses nothing', async () => {
  const writer = new LogWriter(store);
  await writer.create();
  await writer.add(1);
  // The other server uses sequence 2, so this one's next bulk write has a conflict; its reply has both kinds of error.
  const context = new RequestContext(Date.now() + 10_000);
  const event = { eventId: 'elsewhere', type: 'transcript', payload: StructBytes.EMPTY };
  const [appended] = await other.events.append(writer.sessionId, [event], context);
  writer.acknowledged.set('elsewhere', appended?.event.sequence ?? 0);
  await failInserts(2, WRITE_CONCERN_ERROR);
  await writer.add(50, 50);
  expect(writer.failures).toBe(0);
  await expectWholeLog(writer, 52);
});

test('an event that is stored despite a failed write is new, not a duplicate of itself', async () => {
  const writer = new LogWriter(store);
  await writer.create();
  await failInserts(1, WRITE_CONCERN_ERROR);
  const event = { eventId: 'only', type: 'transcript', payload: StructBytes.EMPTY };
  const [added] = await store.events.append(
    writer.sessionId,
    [event],
    new RequestContext(Date.now() + 10_000),
  );
  expect(added).toMatchObject({ duplicate: false, event: { sequence: 1 } });
  writer.acknowledged.set('only', 1);
  await expectWholeLog(writer, 1);
});

test('a lost connection during writes loses and duplicates nothing', async () => {
  const writer = new LogWriter(store);
  await writer.create();
  await failInserts(4, { closeConnection: true });
  await writer.add(100, 30);
  await expectWholeLog(writer, 100);
});

test('after conflicts with writes that were rolled back, the first event is still stored', async () => {
  const writer = new LogWriter(store);
  await writer.create();
  // As after a failover that rolls back another server's writes: the sequence was in use, but the log is empty.
  await failInserts(2, { errorCode: 11000, errorExtraInfo: { keyPattern: {}, keyValue: {} } });
  await writer.add(1);
  await writer.add(2);
  expect(writer.failures).toBe(0);
  await expectWholeLog(writer, 3);
}, 15_000);

test('a persistent error fails the append by its deadline, and later appends succeed', async () => {
  const writer = new LogWriter(store);
  await writer.create();
  await failInserts(1_000_000, { errorCode: 91 });
  const event = { eventId: 'never', type: 'transcript', payload: StructBytes.EMPTY };
  const context = new RequestContext(Date.now() + 2000);
  await expect(store.events.append(writer.sessionId, [event], context)).rejects.toMatchObject({
    reason: expect.stringMatching(/^(STORE_UNAVAILABLE|DEADLINE_EXCEEDED)$/) as string,
  });
  // It ends by itself; the rest is for a loaded machine.
  expect(context.remainingMs()).toBeGreaterThan(-10_000);
  await stopFailing();
  await writer.add(3);
  await expectWholeLog(writer, 3);
});

test('a full disk is STORAGE_FULL', async () => {
  const writer = new LogWriter(store);
  await writer.create();
  await failInserts(1, { errorCode: 14031 });
  const event = { eventId: 'full', type: 'transcript', payload: StructBytes.EMPTY };
  await expect(
    store.events.append(writer.sessionId, [event], new RequestContext(Date.now() + 5000)),
  ).rejects.toMatchObject({ reason: 'STORAGE_FULL' });
});
