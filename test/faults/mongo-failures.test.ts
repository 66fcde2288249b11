import pino from 'pino';
import type { Store } from '../../src/core/store';
import { expectWholeLog, LogWriter } from '../support/log-writer';
import { openMongo } from '../support/open-mongo';
import { ReplicaSet } from '../support/replica-set';
import { until } from '../support/until';

let set: ReplicaSet;
const opened: Store[] = [];
const logged: string[] = [];

const open = async (database = 'conversation'): Promise<Store> => {
  const uri = set.uri.replace('/conversation?', `/${database}?`);
  const store = await openMongo(uri, pino({ level: 'info' }, { write: (line: string) => logged.push(line) }));
  opened.push(store);
  return store;
};

beforeAll(async () => {
  set = await ReplicaSet.start(3);
}, 60_000);

afterAll(async () => {
  await Promise.all(opened.map((store) => store.close()));
  await set.stop();
}, 60_000);

afterEach(() => {
  // Collections and indexes stay what they are, whatever happens to the primary.
  expect(logged).toEqual([]);
});

test('a frozen primary blocks no caller, and no acknowledged event is lost or duplicated', async () => {
  const writers = [new LogWriter(await open()), new LogWriter(await open())];
  await Promise.all(writers.map((writer) => writer.create()));
  const primary = await set.primary();
  const adding = Promise.all(writers.map((writer) => writer.add(2000)));
  await until('both writers write', () =>
    writers.every(({ acknowledged }) => acknowledged.size > 200) ? true : undefined,
  );
  primary.freeze();
  await until(
    'another primary is elected and accepts writes',
    () => {
      const done = Math.min(...writers.map(({ acknowledged }) => acknowledged.size));
      return done > 1000 ? true : undefined;
    },
    60_000,
  );
  primary.thaw();
  await adding;
  for (const writer of writers) {
    // The deadline, and the timeout of one query to a frozen server.
    expect(writer.longestAttemptMs).toBeLessThan(10_000 + 4500);
    await expectWholeLog(writer, 2000);
  }
}, 120_000);

test('a step-down during writes loses and duplicates nothing', async () => {
  const stores = [await open(), await open()];
  const writers = stores.map((store) => new LogWriter(store));
  await Promise.all(writers.map((writer) => writer.create()));
  const adding = Promise.all(writers.map((writer) => writer.add(3000)));
  for (const written of [500, 1500]) {
    await until(
      'some events are written',
      () => (writers.every(({ acknowledged }) => acknowledged.size > written) ? true : undefined),
      60_000,
    );
    const primary = await set.primary();
    await primary.command({ replSetStepDown: 5, force: true });
  }
  await adding;
  for (const writer of writers) await expectWholeLog(writer, 3000);
}, 120_000);

test('a server that waits for its indexes logs it', async () => {
  const primary = await set.primary();
  await primary.command({
    configureFailPoint: 'failCommand',
    mode: { times: 1 },
    data: { failCommands: ['createIndexes'], blockConnection: true, blockTimeMS: 5500 },
  });
  await open('waiting');
  const [line] = logged.splice(0);
  expect(line).toMatch(
    /the collection conversation_events does not exist: still building what is missing; the database needs time and, in a replica set, a majority of its members/,
  );
}, 30_000);

test('a new server creates its indexes while one of three members is down', async () => {
  const primary = await set.primary();
  const secondary = set.members.find((member) => member !== primary);
  await secondary?.kill();
  const writer = new LogWriter(await open('empty'));
  await writer.create();
  await writer.add(10);
  await expectWholeLog(writer, 10);
  await secondary?.start();
}, 60_000);
