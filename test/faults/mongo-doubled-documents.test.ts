import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { mongo } from 'mongoose';
import { RequestContext } from '../../src/core/request-context';
import type { Store } from '../../src/core/store';
import { StructBytes } from '../../src/core/struct/struct-bytes';
import { expectWholeLog, LogWriter } from '../support/log-writer';
import { type RunningMongod, startReplicaSet } from '../support/mongod';
import { openMongo } from '../support/open-mongo';

const PAGE = readFileSync(join(__dirname, '..', '..', 'docs', 'operations.md'), 'utf8');
const SECTION = /<!-- doubled:begin -->(.*)<!-- doubled:end -->/s;

/** The code for `mongosh` that the operations page has for the repair. */
const REPAIR = [...(SECTION.exec(PAGE)?.[1] ?? '').matchAll(/^```js\n(.*?)^```$/gms)]
  .map(([, code = '']) => code)
  .join('\n');

let mongod: RunningMongod;
let client: mongo.MongoClient;
let events: mongo.Collection;
let sessions: mongo.Collection;
let store: Store | undefined;

beforeAll(async () => {
  mongod = await startReplicaSet();
  client = await mongo.MongoClient.connect(mongod.uri);
  events = client.db().collection('conversation_events');
  sessions = client.db().collection('conversation_sessions');
}, 60_000);

afterEach(async () => {
  await store?.close();
  await client.db().dropDatabase();
});

afterAll(async () => {
  await client.close();
  await mongod.stop();
});

/** Runs the page's code as `mongosh` would. */
async function repair(): Promise<void> {
  const db = { getCollection: (name: string) => client.db().collection(name) };
  await (runInNewContext(`(async () => { ${REPAIR} })()`, {
    db,
    console: { log: () => undefined },
  }) as Promise<void>);
}

/** A store that was closed after it wrote this log. */
async function write(sessionId: string, count: number): Promise<LogWriter> {
  const open = await openMongo(mongod.uri);
  const writer = new LogWriter(open, 10_000, sessionId);
  await writer.create();
  await writer.add(count, 1);
  await open.close();
  return writer;
}

const doubles: [what: string, (row: mongo.Document) => Promise<unknown>][] = [
  ['an event twice, at two sequences', (row) => events.insertOne({ ...row, sequence: 11 })],
  [
    'two events at one sequence, the second with an earlier time than the next',
    (row) => events.insertOne({ ...row, eventId: 'other', timestamp: new Date(Date.now() + 60_000) }),
  ],
  ['an event twice at one sequence', (row) => events.insertOne(row)],
];

test.each(doubles)('the steps of the operations page repair a log with %s', async (_, double) => {
  await write('call-1', 10);
  await events.dropIndexes();
  await double((await events.findOne({ sequence: 3 }, { projection: { _id: 0 } })) ?? {});
  await expect(openMongo(mongod.uri)).rejects.toThrow('documents are doubled');
  await repair();
  store = await openMongo(mongod.uri);
  const range = { afterSequence: 0, limit: 100, maximumBytes: 1 << 20 };
  const page = await store.events.readPage('call-1', range, new RequestContext(Date.now() + 5000));
  const { sequences, ids, times } = {
    sequences: page.events.map(({ sequence }) => sequence),
    ids: page.events.map(({ eventId }) => eventId),
    times: page.events.map(({ timestamp }) => timestamp.getTime()),
  };
  expect(sequences).toEqual(page.events.map((_event, index) => index + 1));
  expect(page.session.eventCount).toBe(page.events.length);
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.filter((id) => id !== 'other')).toHaveLength(10);
  expect(times).toEqual([...times].sort((a, b) => a - b));
});

test('the steps of the operations page keep one of two sessions, and change nothing else', async () => {
  const whole = await write('call-2', 5);
  await write('call-1', 1);
  await sessions.dropIndexes();
  const row = await sessions.findOne({ sessionId: 'call-1' }, { projection: { _id: 0 } });
  await sessions.insertOne({ ...row, language: 'de', revision: 2 });
  await expect(openMongo(mongod.uri)).rejects.toThrow('documents are doubled');
  await repair();
  store = await openMongo(mongod.uri);
  const context = new RequestContext(Date.now() + 5000);
  const session = {
    sessionId: 'call-1',
    language: 'en',
    status: 'active',
    metadata: StructBytes.EMPTY,
  } as const;
  const { created, session: kept } = await store.sessions.create(session, context);
  expect({ created, language: kept.language }).toEqual({ created: false, language: 'de' });
  const reader = new LogWriter(store, 10_000, 'call-2');
  whole.acknowledged.forEach((sequence, eventId) => reader.acknowledged.set(eventId, sequence));
  await expectWholeLog(reader, 5);
});
