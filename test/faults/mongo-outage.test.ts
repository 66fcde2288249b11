import pino from 'pino';
import { RequestContext } from '../../src/core/request-context';
import { openMongoStore } from '../../src/storage/mongo/store';
import { Metrics } from '../../src/telemetry/metrics';
import { expectWholeLog, LogWriter } from '../support/log-writer';
import { startStandalone } from '../support/mongod';
import { openMongo } from '../support/open-mongo';
import { ReplicaSet } from '../support/replica-set';
import { until } from '../support/until';

test('a database killed during 1,000 appends loses nothing acknowledged, and the store reconnects by itself', async () => {
  const set = await ReplicaSet.start(1);
  const store = await openMongo(set.uri);
  try {
    const writer = new LogWriter(store, 5000);
    await writer.create();
    const adding = writer.add(1000);
    await until('some events are written', () => (writer.acknowledged.size > 300 ? true : undefined));
    const [member] = set.members;
    await member?.kill();
    await expect(store.ping()).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE' });
    await member?.start();
    await adding;
    await expectWholeLog(writer, 1000);
  } finally {
    await store.close();
    await set.stop();
  }
}, 60_000);

test('a server that starts before its database answers STORE_UNAVAILABLE until the database is up', async () => {
  const set = await ReplicaSet.start(1);
  const [member] = set.members;
  await member?.kill();
  const onFatal = jest.fn();
  const store = openMongoStore({
    uri: set.uri,
    logger: pino({ level: 'silent' }),
    observer: new Metrics(),
    watchPollIntervalMs: 250,
    onFatal,
  });
  try {
    const writer = new LogWriter(store);
    const range = { afterSequence: 0, limit: 1, maximumBytes: 1 };
    await expect(
      store.events.readPage('session-1', range, new RequestContext(Date.now() + 5000)),
    ).rejects.toMatchObject({ reason: 'STORE_UNAVAILABLE' });
    await member?.start();
    await until(
      'the store is available',
      () =>
        store.ping().then(
          () => true,
          () => undefined,
        ),
      20_000,
    );
    await writer.create();
    await writer.add(10);
    await expectWholeLog(writer, 10);
    expect(onFatal).not.toHaveBeenCalled();
  } finally {
    await store.close();
    await set.stop();
  }
}, 60_000);

test('the log is complete with two servers on a standalone mongod', async () => {
  const mongod = await startStandalone();
  const [one, other] = [await openMongo(mongod.uri), await openMongo(mongod.uri)];
  try {
    const writer = new LogWriter(one);
    await writer.create();
    const otherWriter = new LogWriter(other, 10_000, writer.sessionId);
    await Promise.all([writer.add(200), otherWriter.add(200)]);
    expect(otherWriter.acknowledged).toEqual(writer.acknowledged);
    await expectWholeLog(writer, 200);
  } finally {
    await Promise.all([one.close(), other.close()]);
    await mongod.stop();
  }
}, 60_000);
