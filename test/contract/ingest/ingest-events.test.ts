import { status as Code } from '@grpc/grpc-js';
import { AddEventRequest, SessionServiceService } from '../../../generated/conversation/v1/session_service';
import type { Status } from '../../../generated/google/rpc/status';
import { failureOf } from '../../support/call-error';
import { addedOf, errorOf } from '../../support/ingest-stream';
import { describeContract, newId, newSession } from '../support/describe-contract';
import { readChecked } from '../support/read-checked';

const EMPTY_MESSAGE = Buffer.alloc(0);
const MALFORMED_MESSAGE = Buffer.from([0x0a, 0x7f, 0x61]);

/** Returns the status with which a unary call fails. */
async function unaryStatus(call: Promise<unknown>): Promise<Status> {
  const { status } = await failureOf(call);
  if (status === undefined) throw new Error('the error has no status in its trailers');
  return status;
}

describeContract('IngestEvents', (service) => {
  test('2,000 events over 20 sessions are answered in request order and stored in the order sent', async () => {
    const sessionIds = await Promise.all(Array.from({ length: 20 }, () => newSession(service)));
    const sent = Array.from({ length: 2000 }, (_, index) => ({
      sessionId: sessionIds[(index * 7) % 20] ?? '',
      eventId: `e${index}`,
      type: index % 5 === 0 ? 'dtmf' : 'transcript',
      payload: { index },
    }));
    const stream = service.client.ingestEvents();
    await stream.sendAll(sent);
    const replies = (await stream.finish()).map(addedOf);
    expect(replies.map(({ event }) => [event?.sessionId, event?.eventId])).toEqual(
      sent.map(({ sessionId, eventId }) => [sessionId, eventId]),
    );
    for (const sessionId of sessionIds) {
      const stored = await readChecked(service.other, sessionId);
      const own = sent.filter((event) => event.sessionId === sessionId);
      expect(stored.map(({ eventId, type, payload }) => ({ sessionId, eventId, type, payload }))).toEqual(
        own,
      );
      expect(replies.filter(({ event }) => event?.sessionId === sessionId)).toEqual(
        stored.map((event) => ({
          event: { ...event, payload: undefined },
          duplicate: false,
          payloadMismatch: false,
        })),
      );
    }
  });

  test('repeats of stored and of streamed events are duplicates, with payload_mismatch if they differ', async () => {
    const sessionId = await newSession(service);
    await service.other.addEvent({ sessionId, eventId: 'stored', payload: { a: 1 } });
    const stream = service.client.ingestEvents();
    stream.send({ sessionId, eventId: 'stored', payload: { a: 1 } });
    stream.send({ sessionId, eventId: 'new', payload: { n: 1 } });
    stream.send({ sessionId, eventId: 'new', payload: { n: 2 } });
    stream.send({ sessionId, eventId: 'stored', type: 'dtmf', payload: { a: 1 } });
    const replies = (await stream.finish()).map(addedOf);
    expect(
      replies.map(({ event, duplicate, payloadMismatch }) => [event?.sequence, duplicate, payloadMismatch]),
    ).toEqual([
      [1, true, false],
      [2, false, false],
      [2, true, true],
      [1, true, true],
    ]);
    expect(replies.map(({ event }) => event?.payload)).toEqual(replies.map(() => undefined));
    expect(await readChecked(service.client, sessionId)).toHaveLength(2);
  });

  test('a reply is sent as soon as its event is stored, while the stream stays open', async () => {
    const sessionId = await newSession(service);
    const stream = service.client.ingestEvents();
    for (let n = 1; n <= 10; n += 1) {
      stream.send({ sessionId, eventId: `e${n}` });
      const replies = await stream.received(n);
      expect(addedOf(replies[n - 1]).event?.sequence).toBe(n);
    }
    expect(await stream.finish()).toHaveLength(10);
  });

  test('an invalid request gets the status of the unary call, and the stream continues', async () => {
    const sessionId = await newSession(service);
    const unknownId = newId();
    const stream = service.client.ingestEvents();
    const bad = { sessionId, eventId: 'bad' };
    const good = (n: number): void => stream.send({ sessionId, eventId: `good-${n}` });
    good(0);
    stream.send({ ...bad, sessionId: unknownId });
    good(1);
    stream.send({ ...bad, expectedSequence: 7 });
    good(2);
    stream.sendBytes(MALFORMED_MESSAGE);
    good(3);
    stream.send({ ...bad, type: '', payload: { a: NaN }, expectedSequence: -1 });
    good(4);
    stream.sendBytes(EMPTY_MESSAGE);
    good(5);
    const replies = await stream.finish();

    const stored = await readChecked(service.client, sessionId);
    expect(stored.map(({ eventId }) => eventId)).toEqual([0, 1, 2, 3, 4, 5].map((n) => `good-${n}`));
    for (const n of stored.keys()) {
      expect(addedOf(replies[2 * n]).event).toEqual({ ...stored[n], payload: undefined });
    }
    const { client } = service;
    const errors = [1, 3, 5, 7, 9].map((index) => errorOf(replies[index]));
    expect(errors[0]).toEqual(await unaryStatus(client.addEvent({ ...bad, sessionId: unknownId })));
    const otherId = await newSession(service);
    const batch = [{ eventId: 'a' }, { eventId: 'b' }];
    await client.batchAddEvents({ sessionId: otherId, events: batch });
    const mismatch = client.addEvent({ ...bad, sessionId: otherId, expectedSequence: 7 });
    expect(errors[1]).toEqual(await unaryStatus(mismatch));
    const { path } = SessionServiceService.addEvent;
    expect(errors[2]).toEqual(await unaryStatus(client.sendBytes(path, MALFORMED_MESSAGE)));
    expect(errors.map(({ code }) => code)).toEqual([
      ...[Code.NOT_FOUND, Code.ABORTED, Code.INVALID_ARGUMENT],
      ...[Code.INVALID_ARGUMENT, Code.INVALID_ARGUMENT],
    ]);
    const fields = ['event.type', 'event.payload', 'event.expected_sequence'];
    for (const field of fields) expect(errors[3]?.message).toContain(`${field} must`);
    expect(errors[4]?.message).toBe('invalid request: event is required');
  });

  test('the violations of an event with only default values name the fields with the prefix event.', async () => {
    const stream = service.client.ingestEvents();
    stream.send({ sessionId: '', eventId: '', type: '' });
    const [reply] = await stream.finish();
    const unary = await failureOf(
      service.client.sendBytes(
        SessionServiceService.addEvent.path,
        AddEventRequest.encode(DEFAULTS).finish(),
      ),
    );
    const fields = unary.violations?.map(({ field }) => field) ?? [];
    expect(fields).toHaveLength(3);
    for (const field of fields) expect(errorOf(reply).message).toContain(`event.${field} must`);
  });

  test('an empty stream ends with OK', async () => {
    expect(await service.client.ingestEvents().finish()).toEqual([]);
  });

  test('a stream that is cancelled in the middle stores a prefix, and sending all again stores the rest', async () => {
    const sessionId = await newSession(service);
    const sent = Array.from({ length: 600 }, (_, index) => ({ sessionId, eventId: `e${index}` }));
    const stream = service.client.ingestEvents();
    const sending = stream.sendAll(sent);
    await stream.received(1);
    stream.cancel();
    expect((await stream.end)?.code).toBe(Code.CANCELLED);
    await sending;
    const answered = stream.replies.map(addedOf);
    const again = service.other.ingestEvents();
    await again.sendAll(sent);
    const replies = (await again.finish()).map(addedOf);
    for (const [index, { event }] of answered.entries()) {
      expect(replies[index]).toEqual({ event, duplicate: true, payloadMismatch: false });
    }
    const stored = await readChecked(service.client, sessionId);
    expect(stored.map(({ eventId }) => eventId)).toEqual(sent.map(({ eventId }) => eventId));
  });

  test('two streams to one session through both servers form a dense log, each in its own order', async () => {
    const sessionId = await newSession(service);
    const sent = ['a', 'b'].map((prefix) =>
      Array.from({ length: 500 }, (_, index) => ({ sessionId, eventId: `${prefix}${index}` })),
    );
    const answers = await Promise.all(
      [service.client, service.other].map(async (client, index) => {
        const stream = client.ingestEvents();
        await stream.sendAll(sent[index] ?? []);
        return (await stream.finish()).map(addedOf);
      }),
    );
    const stored = await readChecked(service.client, sessionId);
    expect(stored).toHaveLength(1000);
    for (const [index, replies] of answers.entries()) {
      const ids = sent[index]?.map(({ eventId }) => eventId);
      expect(replies.map(({ event }) => event?.eventId)).toEqual(ids);
      const sequences = replies.map(({ event }) => event?.sequence ?? 0);
      expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
      for (const { event } of replies)
        expect({ ...stored[(event?.sequence ?? 0) - 1], payload: undefined }).toEqual(event);
    }
  });

  test('streamed, batched and single events of a session share one dense log', async () => {
    const sessionId = await newSession(service);
    const stream = service.client.ingestEvents();
    for (let n = 0; n < 100; n += 1) stream.send({ sessionId, eventId: `stream-${n}` });
    const events = Array.from({ length: 100 }, (_, index) => ({ eventId: `batch-${index}` }));
    const calls = Array.from({ length: 50 }, (_, index) =>
      service.other.addEvent({ sessionId, eventId: `add-${index}` }),
    );
    await Promise.all([...calls, service.client.batchAddEvents({ sessionId, events }), stream.finish()]);
    const stored = (await readChecked(service.other, sessionId)).map(({ eventId }) => eventId);
    expect(stored).toHaveLength(250);
    const streamed = stored.filter((id) => id.startsWith('stream-'));
    expect(streamed).toEqual(Array.from({ length: 100 }, (_, n) => `stream-${n}`));
  });

  test('a session that is completed during the stream still accepts events', async () => {
    const sessionId = await newSession(service);
    const stream = service.client.ingestEvents();
    stream.send({ sessionId, eventId: 'before' });
    await stream.received(1);
    await service.other.completeSession({ sessionId });
    stream.send({ sessionId, eventId: 'after' });
    expect((await stream.finish()).map(addedOf).map(({ event }) => event?.sequence)).toEqual([1, 2]);
  });
});

const DEFAULTS = { sessionId: '', eventId: '', type: '', payload: undefined };
