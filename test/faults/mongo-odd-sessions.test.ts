import { mongo } from 'mongoose';
import type { Session } from '../../generated/conversation/v1/session';
import { StructBytes } from '../../src/core/struct/struct-bytes';
import { newSessionDocument } from '../../src/storage/mongo/documents/session-document';
import { nested, OddRows, TOO_DEEP } from '../support/odd-rows';
import { openMongo } from '../support/open-mongo';
import { outcomesOf } from '../support/outcomes';
import type { RpcClient } from '../support/rpc-client';
import { Scrape } from '../support/scrape';
import { until } from '../support/until';

const YEAR_MS = 365 * 24 * 3600 * 1000;

let target: OddRows;
let client: RpcClient;
let sessions: mongo.Collection;
let events: mongo.Collection;

beforeAll(async () => {
  target = await OddRows.start();
  ({ client, sessions, events } = target);
}, 60_000);

beforeEach(() => target.clear());

afterAll(() => target.stop());

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

describe('session rows that cannot be read', () => {
  test('lists leave them out, their pages stay full, and each is counted', async () => {
    const older = await target.createSessions(5);
    await insertOdd([...LISTED, ...ODD_METADATA]);
    const newer = ['newer-0', 'newer-1'];
    for (const sessionId of newer) await client.createSession({ sessionId });
    const count = async (): Promise<number> => {
      const labels = { table: 'conversation_sessions' };
      return (await Scrape.of(target.url)).value('conversation_unreadable_rows_total', labels) ?? 0;
    };
    const before = await count();

    const { ids, pages } = await target.listAll(3);
    expect(ids).toEqual([...newer, ...older].toSorted((a, b) => ids.indexOf(a) - ids.indexOf(b)));
    expect(pages).toEqual([3, 3, 1]);
    expect(await count()).toBeGreaterThanOrEqual(before + LISTED.length + ODD_METADATA.length);
  });

  test('a list reads on past more of them than a page holds', async () => {
    const whole = await target.createSessions(3);
    await insertOdd(Array.from({ length: 200 }, () => ({ endedAt: 'never' })));
    const { ids, pages } = await target.listAll(2);
    expect(ids.toSorted()).toEqual(whole);
    expect(pages).toEqual([2, 1]);
  });

  test('a list leaves out those with the same start as the last session of the page before', async () => {
    const startedAt = new Date();
    const rows = ['a', 'b', 'c', 'd', 'e'].map((name, index) =>
      rowWith(name, { startedAt, ...(index % 2 === 1 ? { metadata: 'text' } : {}) }),
    );
    await sessions.insertMany(rows);
    expect(await target.listAll(1)).toEqual({ ids: ['a', 'c', 'e'], pages: [1, 1, 1] });
  });

  test.each([...LISTED, ...UNLISTED])('each call for %j ends with INTERNAL at once', async (fields) => {
    const sessionId = 'odd-0';
    await insertOdd([fields]);
    const names = ['odd-0', 'conversation_sessions'];
    await target.expectInternal(() => client.getSession({ sessionId }), ...names);
    await target.expectInternal(() => client.createSession({ sessionId }), ...names);
    await target.expectInternal(() => client.updateSession({ sessionId, language: 'de' }), ...names);
    await target.expectInternal(() => client.completeSession({ sessionId }), ...names);
    await target.expectInternal(() => client.deleteSession(sessionId), ...names);
    await target.expectInternal(() => client.addEvent({ sessionId, eventId: 'event' }), ...names);
    await target.expectInternal(() => client.getEvent({ sessionId, eventId: 'event' }), ...names);
    await target.expectInternal(() => client.listEvents({ sessionId }), ...names);
    await target.expectInternal(
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
      await target.expectInternal(() => client.getSession({ sessionId }), ...names);
      await target.expectInternal(() => client.createSession({ sessionId }), ...names);
      await target.expectInternal(() => client.updateSession({ sessionId, language: 'de' }), ...names);
      await target.expectInternal(() => client.completeSession({ sessionId }), ...names);
      await target.expectInternal(() => client.deleteSession(sessionId), ...names);
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
    const whole = await target.createSessions(10);
    await target.insertBytes(sessions, rowWith('bytes', { note: 'xx' }));
    await target.insertBytes(sessions, rowWith('bytes-in-metadata', { metadata: { name: 'xx' } }));
    const calls = ['bytes', 'bytes-in-metadata', ...whole].map((sessionId) =>
      client.getSession({ sessionId }),
    );
    expect(await outcomesOf(calls)).toEqual(['OK', 'INTERNAL', 'OK', ...whole.slice(1).map(() => 'OK')]);
    expect((await target.listAll(3)).ids.toSorted()).toEqual(['bytes', ...whole]);
  });

  test('session IDs that are no text stop neither lists nor the sweep', async () => {
    const [whole = ''] = await target.createSessions(1);
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
    expect((await target.listAll(10)).ids).toEqual([whole, 'expired']);
    const store = await openMongo(target.mongod.uri);
    try {
      const since = new Date(Date.now() - YEAR_MS / 2);
      expect(await store.expiry.deleteInactive(since, new AbortController().signal)).toBe(1);
    } finally {
      await store.close();
    }
    for (const sessionId of list)
      await target.expectInternal(() => client.createSession({ sessionId }), 'conversation_sessions');
  }, 30_000);

  test('callers of other sessions do not notice', async () => {
    const whole = await target.createSessions(20);
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
    const store = await openMongo(target.mongod.uri);
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
