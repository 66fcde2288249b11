import { status as Code } from '@grpc/grpc-js';
import { mongo } from 'mongoose';
import { SessionStatus } from '../../generated/conversation/v1/session';
import { LIMITS } from '../../src/core/limits';
import { StructBytes } from '../../src/core/struct/struct-bytes';
import { nested, OddRows, TOO_DEEP } from '../support/odd-rows';
import { outcomesOf } from '../support/outcomes';
import type { RpcClient } from '../support/rpc-client';
import { until } from '../support/until';

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
      await target.expectInternal(() => client.getSession({ sessionId, offset: 3 }), ...names);
      await target.expectInternal(() => client.listEvents({ sessionId, afterSequence: 3 }), ...names);
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
    await target.expectInternal(() => client.getEvent({ sessionId, eventId: 'event-4' }), ...names);
    await target.expectInternal(() => client.addEvent({ sessionId, eventId: 'event-4' }), ...names);
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
      await target.createSessions(2);
      await change(6, update);
      expect((await target.listAll(10)).ids.toSorted()).toEqual(['whole-0', 'whole-1']);
      await target.expectInternal(() => client.getSession({ sessionId }), 'conversation_events', sessionId);
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
    await target.expectInternal(() => client.addEvent({ sessionId, eventId: 'new-1' }), ...names);
    await target.expectInternal(() => client.getEvent({ sessionId, eventId: 'new-2' }), ...names);
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
    await target.createSessions(2);
    await events.insertOne({ sessionId, eventId: 'odd', ...fields, type: 't', timestamp: new Date() });
    expect((await target.listAll(10)).ids.toSorted()).toEqual(['whole-0', 'whole-1']);
    await target.expectInternal(() => client.getSession({ sessionId }), 'conversation_events', sessionId);
  });

  test('rows between two sequences do not hide events for longer than a moment', async () => {
    const between = [0.1, 0.2, 0.3, 0.4].map((sequence) => ({
      sessionId,
      eventId: `odd-${sequence}`,
      sequence,
    }));
    await events.insertMany(between);
    expect((await client.getSession({ sessionId })).events).toHaveLength(6);
    await target.expectInternal(() => client.listEvents({ sessionId, pageSize: 1 }), 'sequence 1', sessionId);
  });

  test.each<[string, unknown, string]>([
    ['a date', { since: new Date(0) }, 'a value in it has the BSON type date'],
    ['NaN', { value: Number.NaN }, 'a number is not finite'],
    ['too many levels', nested(TOO_DEEP), `more than ${LIMITS.structLevels} levels`],
    ['a large integer', { value: mongo.Long.MAX_VALUE }, 'beyond ±(2^53 - 1)'],
  ])('the log says what is wrong with a payload with %s', async (_, payload, reason) => {
    await change(4, { $set: { payload } });
    const names = ['conversation_events', sessionId, 'sequence 4', 'its payload', reason];
    await target.expectInternal(() => client.getEvent({ sessionId, eventId: 'event-4' }), ...names);
    await target.expectInternal(() => client.getSession({ sessionId, offset: 3 }), ...names);
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
      await target.insertBytes(events, { ...row, [field]: field === 'payload' ? { text: 'xx' } : 'xx' });
      const calls = [
        ...['event-3', 'event-4', 'event-5'].map((eventId) => client.getEvent({ sessionId, eventId })),
        ...[0, 4].map((offset) => client.getSession({ sessionId, offset })),
      ];
      const outcome = field === 'note' ? 'OK' : 'INTERNAL';
      expect(await outcomesOf(calls)).toEqual(['OK', outcome, 'OK', 'OK', 'OK']);
      if (field === 'note') return;
      const names = ['conversation_events', sessionId, 'sequence 4', 'not valid UTF-8'];
      await target.expectInternal(() => client.getSession({ sessionId, offset: 3 }), ...names);
    },
  );

  test('rows without a session or an event ID harm no call', async () => {
    await events.insertMany([{ by: 'hand' }, { eventId: 'event', sequence: 1 }]);
    await sessions.insertOne({ by: 'hand' });
    expect((await target.listAll(10)).ids).toEqual([sessionId]);
    expect((await client.getSession({ sessionId })).events).toHaveLength(6);
  });
});
