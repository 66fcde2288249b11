import { status as Code } from '@grpc/grpc-js';
import { DocumentSequence } from 'mongodb/lib/cmap/commands.js';
import { mongo } from 'mongoose';
import type { Session } from '../../generated/conversation/v1/session';
import { SessionStatus } from '../../generated/conversation/v1/session';
import { LIMITS } from '../../src/core/limits';
import { StructBytes } from '../../src/core/struct/struct-bytes';
import { newSessionDocument } from '../../src/storage/mongo/documents/session-document';
import { failureOf } from '../support/call-error';
import { connect, disconnect } from '../support/connect';
import { type RunningMongod, startReplicaSet } from '../support/mongod';
import { openMongo } from '../support/open-mongo';
import { outcomesOf } from '../support/outcomes';
import type { RpcClient } from '../support/rpc-client';
import { Scrape } from '../support/scrape';
import { endServices, type ServiceProcess, startService } from '../support/service-process';
import { until } from '../support/until';

/** The longest that a call may take that meets an unreadable row, in milliseconds. */
const AT_ONCE_MS = 2000;
/** The level of errors in the log. */
const ERROR = 50;
const YEAR_MS = 365 * 24 * 3600 * 1000;

let mongod: RunningMongod;
let mongoClient: mongo.MongoClient;
let service: ServiceProcess;
let url: string;
let client: RpcClient;
let sessions: mongo.Collection;
let events: mongo.Collection;

beforeAll(async () => {
  mongod = await startReplicaSet();
  mongoClient = new mongo.MongoClient(mongod.uri);
  sessions = mongoClient.db().collection('conversation_sessions');
  events = mongoClient.db().collection('conversation_events');
  let port: number;
  ({ service, port, url } = await startService({ MONGODB_URI: mongod.uri }));
  client = connect(port);
  await until('the server serves', () => service.log.find(({ msg }) => msg === 'the store answers: serving'));
}, 60_000);

beforeEach(async () => {
  await sessions.deleteMany({});
  await events.deleteMany({});
});

afterAll(async () => {
  disconnect();
  await endServices();
  await mongoClient.close();
  await mongod.stop();
});

/** A session row as the service writes it, except for these fields; undefined: the field is missing. */
function rowWith(sessionId: string, fields: mongo.Document): mongo.Document {
  const whole = newSessionDocument({
    sessionId,
    status: 'active',
    language: 'en',
    metadata: StructBytes.EMPTY,
  });
  const row: mongo.Document = { ...whole, metadata: {}, ...fields };
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));
}

/** The number of levels that no metadata and no payload may have. */
const TOO_DEEP = LIMITS.structLevels + 1;

/** An object in an object, with this many levels. */
function nested(levels: number): mongo.Document {
  return levels === 1 ? {} : { o: nested(levels - 1) };
}

/** Rows that lists meet. */
const LISTED: readonly mongo.Document[] = [
  { endedAt: 'never' },
  { endedAt: undefined },
  { metadata: 'text' },
  { metadata: undefined },
  { metadata: null },
  { metadata: Buffer.from(StructBytes.of({ name: 'Ada' }).bytes) },
  { metadata: [{ name: 'Ada' }] },
  { status: 'paused' },
  { status: 2 },
  { language: undefined },
  { revision: '1' },
  { revision: 0.5 },
  { changedAt: undefined },
  { changedAt: '2026-11-27' },
  { endReason: null },
  { deletedAt: 'yesterday' },
  { _id: 'by-hand' },
];
/** Rows with a value in their metadata that no metadata can have. Calls that need no metadata do not notice. */
const ODD_METADATA: readonly mongo.Document[] = [
  { metadata: { since: new Date(0) } },
  { metadata: { list: [{ value: Number.NaN }] } },
  { metadata: { value: mongo.Long.fromString('9007199254740992') } },
  { metadata: nested(TOO_DEEP) },
];
/** Rows that no list meets. */
const UNLISTED: readonly mongo.Document[] = [
  { startedAt: '2026-11-27T10:00:00Z' },
  { startedAt: undefined },
  { startedAt: undefined, deletedAt: 'yesterday' },
];

async function insertOdd(rows: readonly mongo.Document[]): Promise<string[]> {
  const ids = rows.map((_, index) => `odd-${index}`);
  await sessions.insertMany(rows.map((fields, index) => rowWith(`odd-${index}`, fields)));
  return ids;
}

async function createSessions(count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, index) => `whole-${index}`);
  for (const sessionId of ids) await client.createSession({ sessionId });
  return ids;
}

/** Inserts the document with the bytes of each `xx` replaced by others that are not valid UTF-8. The driver would not write them. */
async function insertBytes(collection: mongo.Collection, document: mongo.Document): Promise<void> {
  const bson = Buffer.from(mongo.BSON.serialize(document));
  for (let at = bson.indexOf('xx'); at >= 0; at = bson.indexOf('xx', at)) bson.fill(0xff, at, at + 2);
  const command = { insert: collection.collectionName, documents: new DocumentSequence('documents') };
  command.documents.push({}, bson);
  expect(await mongoClient.db().command(command)).toMatchObject({ n: 1 });
}

/** Lists all sessions, page by page. Returns the IDs and the sizes of the pages. */
async function listAll(pageSize: number): Promise<{ ids: string[]; pages: number[] }> {
  const [ids, pages]: [string[], number[]] = [[], []];
  let pageToken = '';
  do {
    const page = await client.listSessions({ pageSize, pageToken });
    ids.push(...page.sessions.map(({ sessionId }: Session) => sessionId));
    pages.push(page.sessions.length);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return { ids, pages };
}

/** Expects the call to end with INTERNAL at once, and the log to name the row. */
async function expectInternal(call: () => Promise<unknown>, ...names: readonly string[]): Promise<void> {
  const logged = service.log.length;
  const startedAt = performance.now();
  const error = await failureOf(call());
  expect({ code: Code[error.code], details: error.details }).toEqual({
    code: 'INTERNAL',
    details: 'internal error',
  });
  expect(performance.now() - startedAt).toBeLessThan(AT_ONCE_MS);
  await until(`the log names ${names.join(', ')}`, () =>
    service.log.slice(logged).find(({ level, err }) => {
      const text = JSON.stringify(err);
      return level === ERROR && names.every((name) => text.includes(name));
    }),
  );
}

describe('session rows that cannot be read', () => {
  test('lists leave them out, their pages stay full, and each is counted', async () => {
    const older = await createSessions(5);
    await insertOdd([...LISTED, ...ODD_METADATA]);
    const newer = ['newer-0', 'newer-1'];
    for (const sessionId of newer) await client.createSession({ sessionId });
    const count = async (): Promise<number> => {
      const labels = { table: 'conversation_sessions' };
      return (await Scrape.of(url)).value('conversation_unreadable_rows_total', labels) ?? 0;
    };
    const before = await count();

    const { ids, pages } = await listAll(3);
    expect(ids).toEqual([...newer, ...older].toSorted((a, b) => ids.indexOf(a) - ids.indexOf(b)));
    expect(pages).toEqual([3, 3, 1]);
    expect(await count()).toBeGreaterThanOrEqual(before + LISTED.length + ODD_METADATA.length);
  });

  test('a list reads on past more of them than a page holds', async () => {
    const whole = await createSessions(3);
    await insertOdd(Array.from({ length: 200 }, () => ({ endedAt: 'never' })));
    const { ids, pages } = await listAll(2);
    expect(ids.toSorted()).toEqual(whole);
    expect(pages).toEqual([2, 1]);
  });

  test('a list leaves out those with the same start as the last session of the page before', async () => {
    const startedAt = new Date();
    const rows = ['a', 'b', 'c', 'd', 'e'].map((name, index) =>
      rowWith(name, { startedAt, ...(index % 2 === 1 ? { metadata: 'text' } : {}) }),
    );
    await sessions.insertMany(rows);
    expect(await listAll(1)).toEqual({ ids: ['a', 'c', 'e'], pages: [1, 1, 1] });
  });

  test.each([...LISTED, ...UNLISTED])('each call for %j ends with INTERNAL at once', async (fields) => {
    const sessionId = 'odd-0';
    await insertOdd([fields]);
    const names = ['odd-0', 'conversation_sessions'];
    await expectInternal(() => client.getSession({ sessionId }), ...names);
    await expectInternal(() => client.createSession({ sessionId }), ...names);
    await expectInternal(() => client.updateSession({ sessionId, language: 'de' }), ...names);
    await expectInternal(() => client.completeSession({ sessionId }), ...names);
    await expectInternal(() => client.deleteSession(sessionId), ...names);
    await expectInternal(() => client.addEvent({ sessionId, eventId: 'event' }), ...names);
    await expectInternal(() => client.getEvent({ sessionId, eventId: 'event' }), ...names);
    await expectInternal(() => client.listEvents({ sessionId }), ...names);
    await expectInternal(
      async () => {
        throw (await client.watchSession({ sessionId }).end) ?? new Error('the watch ended with OK');
      },
      ...names,
    );
  });

  test.each(ODD_METADATA)(
    'each call that reads the metadata %j ends with INTERNAL at once',
    async (fields) => {
      const sessionId = 'odd-0';
      await insertOdd([fields]);
      const names = ['odd-0', 'conversation_sessions', 'metadata'];
      await expectInternal(() => client.getSession({ sessionId }), ...names);
      await expectInternal(() => client.createSession({ sessionId }), ...names);
      await expectInternal(() => client.updateSession({ sessionId, language: 'de' }), ...names);
      await expectInternal(() => client.completeSession({ sessionId }), ...names);
      await expectInternal(() => client.deleteSession(sessionId), ...names);
      expect(await outcomesOf([client.addEvent({ sessionId, eventId: 'event' })])).toEqual(['OK']);
      expect(await outcomesOf([client.getEvent({ sessionId, eventId: 'event' })])).toEqual(['OK']);
    },
  );

  test('metadata that a person wrote is read, with fields that this service does not know', async () => {
    const metadata = { visits: mongo.Long.fromNumber(3), age: new mongo.Int32(36), tags: ['a', null, true] };
    await sessions.insertOne(rowWith('by-hand', { metadata, note: new Date(), checked: { by: 'Ada' } }));
    const read = { visits: 3, age: 36, tags: ['a', null, true] };
    expect((await client.getSession({ sessionId: 'by-hand' })).session?.metadata).toEqual(read);
    const { sessions: listed } = await client.listSessions({});
    expect(listed.map((session: Session) => session.metadata)).toEqual([read]);
    expect((await client.updateSession({ sessionId: 'by-hand', language: 'de' })).session?.metadata).toEqual(
      read,
    );
  });

  test('a session with a text that is not valid UTF-8 harms no call of other sessions', async () => {
    const whole = await createSessions(10);
    await insertBytes(sessions, rowWith('bytes', { note: 'xx' }));
    await insertBytes(sessions, rowWith('bytes-in-metadata', { metadata: { name: 'xx' } }));
    const calls = ['bytes', 'bytes-in-metadata', ...whole].map((sessionId) =>
      client.getSession({ sessionId }),
    );
    expect(await outcomesOf(calls)).toEqual(['OK', 'INTERNAL', 'OK', ...whole.slice(1).map(() => 'OK')]);
    expect((await listAll(3)).ids.toSorted()).toEqual(['bytes', ...whole]);
  });

  test('session IDs that are no text stop neither lists nor the sweep', async () => {
    const [whole = ''] = await createSessions(1);
    const old = new Date(Date.now() - YEAR_MS);
    const aged = { startedAt: old, changedAt: old };
    const list = ['list-1', 'list-2'];
    const ids: readonly unknown[] = [{ toString: 'x' }, { $gt: '' }, list, 7, null];
    await sessions.insertMany([
      ...ids.map((id, index) => ({
        ...rowWith('', aged),
        ...Object.fromEntries([
          ['sessionId', id],
          ['_id', { toString: index }],
        ]),
      })),
      rowWith('expired', { ...aged, changedAt: new Date(old.getTime() + 1) }),
    ]);
    expect((await listAll(10)).ids).toEqual([whole, 'expired']);
    const store = await openMongo(mongod.uri);
    try {
      const since = new Date(Date.now() - YEAR_MS / 2);
      expect(await store.expiry.deleteInactive(since, new AbortController().signal)).toBe(1);
    } finally {
      await store.close();
    }
    for (const sessionId of list)
      await expectInternal(() => client.createSession({ sessionId }), 'conversation_sessions');
  }, 30_000);

  test('callers of other sessions do not notice', async () => {
    const whole = await createSessions(20);
    const [odd = ''] = await insertOdd([{ revision: '1' }]);
    const calls = [odd, ...whole].map((sessionId) => client.getSession({ sessionId }));
    expect(await outcomesOf(calls)).toEqual(['INTERNAL', ...whole.map(() => 'OK')]);
    const appends = [odd, ...whole].map((sessionId) => client.addEvent({ sessionId, eventId: 'event' }));
    expect(await outcomesOf(appends)).toEqual(['INTERNAL', ...whole.map(() => 'OK')]);
  });

  test('neither the sweep nor the removal of deleted events stops at them', async () => {
    const old = new Date(Date.now() - YEAR_MS);
    const aged = { startedAt: old, changedAt: old };
    await sessions.insertMany([
      rowWith('odd-first', { ...aged, language: 7 }),
      rowWith('expired', { ...aged, changedAt: new Date(old.getTime() + 1) }),
      { sessionId: 'odd-tombstone', deletedAt: 'yesterday', uncleared: old },
      { sessionId: 7, deletedAt: old, uncleared: old },
    ]);
    const sequences = [
      null,
      'one',
      Number.NaN,
      1.5,
      1,
      2,
      mongo.Decimal128.fromString('3'),
      mongo.Long.MAX_VALUE,
    ];
    await events.insertMany(
      sequences.map((sequence, index) => ({ sessionId: 'removed', eventId: `event-${index}`, sequence })),
    );
    await sessions.insertOne({ sessionId: 'removed', deletedAt: new Date(), uncleared: old });
    const store = await openMongo(mongod.uri);
    try {
      const { signal } = new AbortController();
      expect(await store.expiry.deleteInactive(new Date(Date.now() - YEAR_MS / 2), signal)).toBe(1);
      await until('the events are removed', async () =>
        (await events.findOne({ sessionId: 'removed' })) === null ? true : undefined,
      );
      expect(await sessions.findOne({ sessionId: 'odd-first' })).toMatchObject({ language: 7 });
    } finally {
      await store.close();
    }
  }, 60_000);
});

describe('event rows that cannot be read', () => {
  let sessionId: string;
  let calls = 0;

  beforeEach(async () => {
    // Another one each time, since the server caches the ends of logs.
    sessionId = `call-${++calls}`;
    await client.createSession({ sessionId, status: SessionStatus.SESSION_STATUS_ACTIVE });
    for (let index = 1; index <= 6; index += 1)
      await client.addEvent({ sessionId, eventId: `event-${index}`, payload: { index } });
  });

  const change = (sequence: number, update: mongo.Document): Promise<unknown> =>
    events.updateOne({ sessionId, sequence }, update);

  test.each([
    { $set: { payload: 'text' } },
    { $set: { payload: null } },
    { $set: { payload: Buffer.from(StructBytes.of({ index: 4 }).bytes) } },
    { $set: { payload: [{ index: 4 }] } },
    { $set: { 'payload.since': new Date(0) } },
    { $set: { 'payload.id': new mongo.ObjectId() } },
    { $set: { 'payload.list': [{ value: Number.POSITIVE_INFINITY }] } },
    { $set: { 'payload.value': mongo.Decimal128.fromString('1') } },
    { $set: { 'payload.value': mongo.Long.fromString('-9007199254740992') } },
    { $set: { payload: nested(TOO_DEEP) } },
    { $unset: { payload: 1 } },
    { $set: { type: 7 } },
    { $unset: { type: 1 } },
    { $set: { timestamp: 'today' } },
    { $set: { sequence: mongo.Decimal128.fromString('4') } },
    { $set: { eventId: 7 } },
  ])(
    'a page ends before the event with %j, and a read that begins with it ends with INTERNAL',
    async (update) => {
      await change(4, update);
      const { events: page, pagination } = await client.getSession({ sessionId });
      expect(page.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
      expect(pagination).toMatchObject({ total: 6, hasMore: true });
      const names = ['conversation_events', sessionId, 'sequence 4'];
      await expectInternal(() => client.getSession({ sessionId, offset: 3 }), ...names);
      await expectInternal(() => client.listEvents({ sessionId, afterSequence: 3 }), ...names);
      const after = await client.getSession({ sessionId, offset: 4 });
      expect(after.events.map(({ payload }) => payload)).toEqual([{ index: 5 }, { index: 6 }]);

      const watch = client.watchSession({ sessionId });
      expect(await watch.end).toMatchObject({ code: Code.INTERNAL });
      expect(watch.updates).toEqual([1, 2, 3]);
    },
  );

  test('GetEvent and a retry of AddEvent end with INTERNAL, and those of other events do not', async () => {
    await change(4, { $set: { payload: 'text' } });
    const names = ['conversation_events', sessionId, 'sequence 4', 'payload'];
    await expectInternal(() => client.getEvent({ sessionId, eventId: 'event-4' }), ...names);
    await expectInternal(() => client.addEvent({ sessionId, eventId: 'event-4' }), ...names);
    const ids = [2, 4, 5, 7].map((index) => `event-${index}`);
    const appends = ids.map((eventId) => client.addEvent({ sessionId, eventId }));
    expect(await outcomesOf(appends)).toEqual(['OK', 'INTERNAL', 'OK', 'OK']);
    const reads = ids.map((eventId) => client.getEvent({ sessionId, eventId }));
    expect(await outcomesOf(reads)).toEqual(['OK', 'INTERNAL', 'OK', 'OK']);
  });

  test('pages of other sessions, and other pages of the session, are read', async () => {
    await change(4, { $set: { payload: 'text' } });
    await client.createSession({ sessionId: 'other' });
    await client.addEvent({ sessionId: 'other', eventId: 'event' });
    const reads = [
      ...[3, 0, 4].map((offset) => client.getSession({ sessionId, offset })),
      ...Array.from({ length: 10 }, () => client.getSession({ sessionId: 'other' })),
    ];
    expect(await outcomesOf(reads)).toEqual(['INTERNAL', ...Array<string>(12).fill('OK')]);
  });

  test('a sequence that another tool wrote as a 64-bit integer is read', async () => {
    await change(4, { $set: { sequence: mongo.Long.fromNumber(4) } });
    const { events: page } = await client.getSession({ sessionId });
    expect(page.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await client.addEvent({ sessionId, eventId: 'event-4' })).toMatchObject({ duplicate: true });
  });

  test.each([{ $set: { timestamp: 'today' } }, { $set: { sequence: 'six' } }, { $set: { sequence: 6.5 } }])(
    'a session whose last event has %j is left out of lists, and ends with INTERNAL',
    async (update) => {
      await createSessions(2);
      await change(6, update);
      expect((await listAll(10)).ids.toSorted()).toEqual(['whole-0', 'whole-1']);
      await expectInternal(() => client.getSession({ sessionId }), 'conversation_events', sessionId);
    },
  );

  test.each([
    { eventId: ['new-1', 'new-2'], sequence: 7 },
    { eventId: ['new-1', 'new-2'], sequence: 99 },
  ])('a row that takes several event IDs, %j, fails the calls of these events at once', async (fields) => {
    await client.createSession({ sessionId: 'other' });
    await events.insertOne({
      sessionId,
      type: 't',
      payload: {},
      timestamp: new Date(),
      ...fields,
    });
    const names = ['conversation_events', sessionId];
    await expectInternal(() => client.addEvent({ sessionId, eventId: 'new-1' }), ...names);
    await expectInternal(() => client.getEvent({ sessionId, eventId: 'new-2' }), ...names);
    const stream = client.ingestEvents();
    stream.send({ sessionId, eventId: 'new-2' });
    stream.send({ sessionId, eventId: 'new-3' });
    stream.send({ sessionId: 'other', eventId: 'event' });
    const replies = (await stream.finish()).map(({ result }) => result?.$case);
    expect(replies).toEqual(['error', 'added', 'added']);
  });

  test.each<mongo.Document>([
    { sequence: { toString: 'x' } },
    { sequence: { $gt: '' } },
    { sequence: ['six'] },
    { sequence: mongo.Long.MAX_VALUE },
  ])('a log whose last row has %j ends with INTERNAL, and lists leave it out', async (fields) => {
    await createSessions(2);
    await events.insertOne({ sessionId, eventId: 'odd', ...fields, type: 't', timestamp: new Date() });
    expect((await listAll(10)).ids.toSorted()).toEqual(['whole-0', 'whole-1']);
    await expectInternal(() => client.getSession({ sessionId }), 'conversation_events', sessionId);
  });

  test('rows between two sequences do not hide events for longer than a moment', async () => {
    const between = [0.1, 0.2, 0.3, 0.4].map((sequence) => ({
      sessionId,
      eventId: `odd-${sequence}`,
      sequence,
    }));
    await events.insertMany(between);
    expect((await client.getSession({ sessionId })).events).toHaveLength(6);
    await expectInternal(() => client.listEvents({ sessionId, pageSize: 1 }), 'sequence 1', sessionId);
  });

  test.each<[string, unknown, string]>([
    ['a date', { since: new Date(0) }, 'a value in it has the BSON type date'],
    ['NaN', { value: Number.NaN }, 'a number is not finite'],
    ['too many levels', nested(TOO_DEEP), `more than ${LIMITS.structLevels} levels`],
    ['a large integer', { value: mongo.Long.MAX_VALUE }, 'beyond ±(2^53 - 1)'],
  ])('the log says what is wrong with a payload with %s', async (_, payload, reason) => {
    await change(4, { $set: { payload } });
    const names = ['conversation_events', sessionId, 'sequence 4', 'its payload', reason];
    await expectInternal(() => client.getEvent({ sessionId, eventId: 'event-4' }), ...names);
    await expectInternal(() => client.getSession({ sessionId, offset: 3 }), ...names);
  });

  test('a row that a person wrote is read, with fields that this service does not know', async () => {
    const long = mongo.Long.fromString('9007199254740991');
    await events.insertOne({
      ...{ note: { by: 'Ada' }, timestamp: new Date(), type: 'tool_call', sequence: 7, eventId: 'event-7' },
      payload: {
        int: new mongo.Int32(-7),
        long,
        double: 1.5,
        zero: -0,
        list: [new mongo.Int32(1)],
        text: 'grüß',
      },
      ...{ sessionId, tags: [new Date(), /x/, mongo.Decimal128.fromString('1')] },
    });
    const payload = { int: -7, long: 2 ** 53 - 1, double: 1.5, zero: 0, list: [1], text: 'grüß' };
    const found = await client.getEvent({ sessionId, eventId: 'event-7' });
    expect(found.event).toMatchObject({ type: 'tool_call', sequence: 7, payload });
    const retried = { sessionId, eventId: 'event-7', type: 'tool_call', payload };
    expect(await client.addEvent(retried)).toMatchObject({ duplicate: true, payloadMismatch: false });
    const { events: page } = await client.getSession({ sessionId, offset: 6 });
    expect(page).toEqual([found.event]);
    const watch = client.watchSession({ sessionId, afterSequence: 6 });
    await until('the watch has the event', () => watch.updates.length > 0 || undefined);
    expect(watch.updates[0]).toBe(7);
  });

  test.each(['type', 'payload', 'note'])(
    'a row whose %s is not valid UTF-8 harms no other event',
    async (field) => {
      await events.deleteOne({ sessionId, sequence: 4 });
      const row = {
        sessionId,
        eventId: 'event-4',
        sequence: 4,
        type: 't',
        payload: {},
        timestamp: new Date(),
      };
      await insertBytes(events, { ...row, [field]: field === 'payload' ? { text: 'xx' } : 'xx' });
      const calls = [
        ...['event-3', 'event-4', 'event-5'].map((eventId) => client.getEvent({ sessionId, eventId })),
        ...[0, 4].map((offset) => client.getSession({ sessionId, offset })),
      ];
      const outcome = field === 'note' ? 'OK' : 'INTERNAL';
      expect(await outcomesOf(calls)).toEqual(['OK', outcome, 'OK', 'OK', 'OK']);
      if (field === 'note') return;
      const names = ['conversation_events', sessionId, 'sequence 4', 'not valid UTF-8'];
      await expectInternal(() => client.getSession({ sessionId, offset: 3 }), ...names);
    },
  );

  test('rows without a session or an event ID harm no call', async () => {
    await events.insertMany([{ by: 'hand' }, { eventId: 'event', sequence: 1 }]);
    await sessions.insertOne({ by: 'hand' });
    expect((await listAll(10)).ids).toEqual([sessionId]);
    expect((await client.getSession({ sessionId })).events).toHaveLength(6);
  });
});
