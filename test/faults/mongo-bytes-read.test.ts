import { mongo } from 'mongoose';
import { LIMITS } from '../../src/core/limits';
import { RequestContext } from '../../src/core/request-context';
import type { Store } from '../../src/core/store';
import { StructBytes } from '../../src/core/struct/struct-bytes';
import { CountingProxy } from '../support/counting-proxy';
import { type RunningMongod, startReplicaSet } from '../support/mongod';
import { openMongo } from '../support/open-mongo';
import type { RpcClient } from '../support/rpc-client';
import { type SessionServer, startSessionServer } from '../support/session-server';

/** One event in this many is of the type `rare`. */
const RARE = 40;

interface Log {
  readonly sessionId: string;
  readonly count: number;
  /** The size of its documents. */
  readonly bytes: number;
}

let mongod: RunningMongod;
let database: mongo.MongoClient;
let proxy: CountingProxy;
let proxiedUri: string;
let store: Store;
let server: SessionServer;
let client: RpcClient;

beforeAll(async () => {
  mongod = await startReplicaSet();
  database = new mongo.MongoClient(mongod.uri);
  const { port, pathname } = new URL(mongod.uri);
  proxy = await CountingProxy.start(Number(port));
  proxiedUri = `mongodb://127.0.0.1:${proxy.port}${pathname}?directConnection=true`;
  store = await openMongo(proxiedUri);
  server = await startSessionServer(store);
  ({ client } = server);
}, 60_000);

afterAll(async () => {
  await server.close();
  await store.close();
  await proxy.stop();
  await database.close();
  await mongod.stop();
});

async function createLog(sessionId: string, sizes: readonly number[]): Promise<Log> {
  await client.createSession({ sessionId });
  const events = sizes.map((size, index) => ({
    eventId: `event-${index + 1}`,
    type: index % RARE === 0 ? 'rare' : 'note',
    payload: StructBytes.of({ text: 'x'.repeat(size) }),
  }));
  for (let from = 0; from < events.length; from += 40)
    await store.events.append(
      sessionId,
      events.slice(from, from + 40),
      new RequestContext(Date.now() + 10_000),
    );
  const [stored] = await database
    .db()
    .collection('conversation_events')
    .aggregate<{ bytes: number }>([
      { $match: { sessionId } },
      { $group: { _id: null, bytes: { $sum: { $bsonSize: '$$ROOT' } } } },
    ])
    .toArray();
  return { sessionId, count: events.length, bytes: stored?.bytes ?? NaN };
}

/** Lists all events in pages of 1,000. */
async function listAll(request: Parameters<RpcClient['listEvents']>[0]): Promise<number[]> {
  const sequences: number[] = [];
  let pageToken = '';
  do {
    const page = await client.listEvents({ ...request, pageSize: 1000, pageToken });
    sequences.push(...page.events.map(({ sequence }) => sequence));
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return sequences;
}

function sequencesTo(last: number, step = 1): number[] {
  return Array.from({ length: Math.ceil(last / step) }, (_, index) => 1 + index * step);
}

/** Returns how many bytes came from the database during the work, over the size of the log. */
async function ratioOf({ bytes }: Log, work: () => Promise<unknown>): Promise<number> {
  const before = proxy.bytesBack;
  await work();
  return (proxy.bytesBack - before) / bytes;
}

/** The sizes of the texts of logs, and the most bytes that reading one may receive, over its size. */
const LOGS: readonly (readonly [string, readonly number[], number])[] = [
  ['1,000 events of 50 KiB', Array<number>(1000).fill(51_200), 1.2],
  ['20,000 events of 700 bytes', Array<number>(20_000).fill(620), 1.2],
  // A page has only three of the large ones.
  ['pairs of 1 MB among small events', Array.from({ length: 900 }, (_, n) => (n % 30 < 2 ? 1e6 : 200)), 1.7],
];

describe.each(LOGS)('a log of %s', (name, sizes, maximum) => {
  let log: Log;

  beforeAll(async () => {
    log = await createLog(name, sizes);
  }, 60_000);

  test.each([false, true])(
    'is listed whole, newest first: %s',
    async (newestFirst) => {
      let listed: number[] = [];
      const ratio = await ratioOf(log, async () => {
        listed = await listAll({ sessionId: log.sessionId, newestFirst });
      });
      expect(newestFirst ? listed.reverse() : listed).toEqual(sequencesTo(log.count));
      expect(ratio).toBeLessThan(maximum);
    },
    60_000,
  );

  test('is listed by four callers at the same time', async () => {
    const { sessionId } = log;
    const ratio = await ratioOf(log, () =>
      Promise.all([0, 1, 2, 3].map((after) => listAll({ sessionId, afterSequence: after }))),
    );
    expect(ratio / 4).toBeLessThan(maximum);
  }, 60_000);

  test.each([
    ['rare', RARE],
    ['none', Infinity],
  ])(
    'is listed by the type %s without the payloads of the others',
    async (type, step) => {
      for (const newestFirst of [false, true]) {
        let listed: number[] = [];
        const ratio = await ratioOf(log, async () => {
          listed = await listAll({ sessionId: log.sessionId, types: [type], newestFirst });
        });
        expect(newestFirst ? listed.reverse() : listed).toEqual(
          step === Infinity ? [] : sequencesTo(log.count, step),
        );
        expect(ratio).toBeLessThan(0.3);
      }
    },
    60_000,
  );

  test('is listed by all its types', async () => {
    let listed: number[] = [];
    const ratio = await ratioOf(log, async () => {
      listed = await listAll({ sessionId: log.sessionId, types: ['rare', 'note'] });
    });
    expect(listed).toEqual(sequencesTo(log.count));
    expect(ratio).toBeLessThan(maximum);
  }, 60_000);

  test('is watched until caught up', async () => {
    const watch = client.watchSession({ sessionId: log.sessionId });
    const ratio = await ratioOf(log, () => watch.reached(log.count, 30_000));
    watch.cancel();
    expect(ratio).toBeLessThan(maximum);
  }, 60_000);
});

test('callers that read sessions for the first time, at the same time', async () => {
  const logs: Log[] = [];
  for (let n = 1; n <= 6; n += 1) logs.push(await createLog(`cold-${n}`, Array<number>(60).fill(100_000)));
  const cold = await openMongo(proxiedUri);
  const range = { afterSequence: 0, limit: 100, maximumBytes: LIMITS.pageBytes };
  const before = proxy.bytesBack;
  const pages = await Promise.all(
    logs.map(({ sessionId }) =>
      cold.events.readPage(sessionId, range, new RequestContext(Date.now() + 10_000)),
    ),
  );
  const received = proxy.bytesBack - before;
  await cold.close();
  for (const { events } of pages) expect(events.map(({ sequence }) => sequence)).toEqual(sequencesTo(31));
  // The first query is for all six; its reply is too long, so each page is read again on its own.
  expect(received / (6 * 31 * 100_000)).toBeLessThan(2.2);
}, 60_000);

test('an append, GetEvent, ListEvents and the events of a watch read no metadata of the session', async () => {
  const sessionId = 'large-metadata';
  const metadata = { text: 'x'.repeat(60_000) };
  await client.createSession({ sessionId, metadata });
  const before = proxy.bytesBack;
  await client.addEvent({ sessionId, eventId: 'first' });
  await client.getEvent({ sessionId, eventId: 'first' });
  await client.listEvents({ sessionId });
  const watch = client.watchSession({ sessionId });
  await watch.caughtUp();
  await client.addEvent({ sessionId, eventId: 'second' });
  await watch.reached(2);
  watch.cancel();
  expect(proxy.bytesBack - before).toBeLessThan(40_000);
  const { session } = await client.getSession({ sessionId });
  expect(session?.metadata).toEqual(metadata);
});

test('a list of sessions reads about as many bytes as it returns', async () => {
  const metadata = { text: 'x'.repeat(60_000) };
  const ids = Array.from({ length: 200 }, (_, index) => `listed-${index}`);
  for (const sessionId of ids) await client.createSession({ sessionId, language: 'x-list', metadata });
  const listed: string[] = [];
  let pageToken = '';
  const before = proxy.bytesBack;
  do {
    const page = await client.listSessions({ language: 'x-list', pageSize: 1000, pageToken });
    listed.push(...page.sessions.map(({ sessionId }) => sessionId));
    ({ nextPageToken: pageToken } = page);
  } while (pageToken !== '');
  expect(new Set(listed)).toEqual(new Set(ids));
  expect((proxy.bytesBack - before) / (ids.length * 60_000)).toBeLessThan(1.3);
}, 60_000);

test('a page that is too long for one reply of the database', async () => {
  const log = await createLog('long', Array<number>(12).fill(2_900_000));
  const range = { afterSequence: 0, limit: 12, maximumBytes: log.bytes };
  for (const newestFirst of [false, true]) {
    let sequences: number[] = [];
    const ratio = await ratioOf(log, async () => {
      const context = new RequestContext(Date.now() + 10_000);
      const { events } = await store.events.readPage(log.sessionId, { ...range, newestFirst }, context);
      sequences = events.map(({ sequence }) => sequence);
    });
    expect(newestFirst ? sequences.reverse() : sequences).toEqual(sequencesTo(12));
    expect(ratio).toBeLessThan(1.1);
  }
}, 60_000);

test('sessions of the largest metadata are listed a page at a time', async () => {
  const metadata = StructBytes.of({ text: 'x'.repeat(LIMITS.metadataBytes - 100) });
  const context = new RequestContext(Date.now() + 30_000);
  const language = 'x-large';
  const ids = Array.from({ length: 100 }, (_, index) => `large-${index}`);
  for (const sessionId of ids)
    await store.sessions.create({ sessionId, status: 'initiated', language, metadata }, context);
  const before = proxy.bytesBack;
  const { sessions, nextPageToken } = await client.listSessions({ language, pageSize: 1000 });
  expect(sessions).toHaveLength(11);
  expect(nextPageToken).not.toBe('');
  // One reply of the database has up to 16 MiB.
  expect(proxy.bytesBack - before).toBeLessThan(17 * 1024 * 1024);
}, 60_000);
