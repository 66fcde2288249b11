import { status as Code } from '@grpc/grpc-js';
import type { NewEvent } from '../../../generated/conversation/v1/session_service';
import { BatchAddEventsRequest } from '../../../generated/conversation/v1/session_service';
import { LIMITS } from '../../../src/core/limits';
import { failureOf, invalidFieldsOf } from '../../support/call-error';
import type { BatchedEvent } from '../../support/rpc-client';
import { describeContract, newId, newSession } from '../support/describe-contract';
import { readChecked } from '../support/read-checked';

/** Returns this many events, whose IDs and payloads contain their position. */
function eventsOf(count: number, prefix = 'e'): BatchedEvent[] {
  return Array.from({ length: count }, (_, index) => ({ eventId: `${prefix}${index}`, payload: { index } }));
}

/** Returns four events whose messages, with tags and lengths, have exactly this many bytes. */
function eventsOfBytes(bytes: number): NewEvent[] {
  const eventsWith = (last: number): NewEvent[] =>
    [750_000, 750_000, 750_000, last].map((length, index) => ({
      eventId: `e${index}`,
      type: 'transcript',
      payload: { text: 'x'.repeat(length) },
    }));
  const sizeOf = (events: NewEvent[]): number =>
    BatchAddEventsRequest.encode({ sessionId: '', events }).finish().length;
  // The encoded lengths have the same number of bytes in this range, so one correction suffices.
  const guess = 850_000;
  const events = eventsWith(guess + bytes - sizeOf(eventsWith(guess)));
  if (sizeOf(events) !== bytes) throw new Error(`no text has an encoding of ${bytes} bytes`);
  return events;
}

describeContract('BatchAddEvents', (service) => {
  test('one call stores 1,000 events in order, and returns them in order without payloads', async () => {
    const sessionId = await newSession(service);
    const events = eventsOf(1000);
    const { results } = await service.client.batchAddEvents({ sessionId, events });
    const stored = await readChecked(service.other, sessionId);
    expect(stored.map(({ eventId, type, payload }) => ({ eventId, type, payload }))).toEqual(
      events.map((event) => ({ type: 'transcript', ...event })),
    );
    expect(results).toEqual(
      stored.map((event) => ({
        event: { ...event, payload: undefined },
        duplicate: false,
        payloadMismatch: false,
      })),
    );
  });

  test('batches through both servers continue after the stored events', async () => {
    const sessionId = await newSession(service);
    await service.client.addEvent({ sessionId, eventId: 'first' });
    for (const [index, client] of [service.client, service.other, service.client].entries()) {
      const { results } = await client.batchAddEvents({ sessionId, events: eventsOf(3, `${index}-`) });
      const sequences = results.map(({ event }) => event?.sequence);
      expect(sequences).toEqual([1, 2, 3].map((n) => 1 + index * 3 + n));
    }
    expect(await readChecked(service.client, sessionId)).toHaveLength(10);
  });

  test('events that were stored or occur earlier in the batch are duplicates, in order', async () => {
    const sessionId = await newSession(service);
    await service.other.addEvent({ sessionId, eventId: 'stored', payload: { a: 1 } });
    const { results } = await service.client.batchAddEvents({
      sessionId,
      events: [
        { eventId: 'new', payload: { n: 1 } },
        { eventId: 'stored', payload: { a: 1 } },
        { eventId: 'new', payload: { n: 1 } },
        { eventId: 'stored', payload: { a: 2 } },
        { eventId: 'new', type: 'dtmf', payload: { n: 1 } },
        { eventId: 'newer' },
        { eventId: 'newer', payload: {} },
      ],
    });
    expect(
      results.map(({ event, duplicate, payloadMismatch }) => [
        ...[event?.eventId, event?.sequence, event?.type, event?.payload],
        ...[duplicate, payloadMismatch],
      ]),
    ).toEqual([
      ['new', 2, 'transcript', undefined, false, false],
      ['stored', 1, 'transcript', undefined, true, false],
      ['new', 2, 'transcript', undefined, true, false],
      ['stored', 1, 'transcript', undefined, true, true],
      ['new', 2, 'transcript', undefined, true, true],
      ['newer', 3, 'transcript', undefined, false, false],
      ['newer', 3, 'transcript', undefined, true, false],
    ]);
    const stored = await readChecked(service.other, sessionId);
    expect(stored.map(({ payload }) => payload)).toEqual([{ a: 1 }, { n: 1 }, {}]);
  });

  test('a repeated batch returns only duplicates, with the same sequences', async () => {
    const sessionId = await newSession(service);
    const batch = { sessionId, events: eventsOf(200) };
    const { results } = await service.client.batchAddEvents(batch);
    for (const client of [service.client, service.other]) {
      const repeat = await client.batchAddEvents(batch);
      expect(repeat.results).toEqual(results.map((result) => ({ ...result, duplicate: true })));
    }
    expect(await readChecked(service.other, sessionId)).toHaveLength(200);
  });

  test('a batch sent by 8 concurrent callers is stored once, in order', async () => {
    const sessionId = await newSession(service);
    const batch = { sessionId, events: eventsOf(100) };
    const replies = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        (index % 2 === 0 ? service.client : service.other).batchAddEvents(batch),
      ),
    );
    const stored = await readChecked(service.client, sessionId);
    expect(stored.map(({ eventId }) => eventId)).toEqual(batch.events.map(({ eventId }) => eventId));
    for (const index of batch.events.keys()) {
      const results = replies.map((reply) => reply.results[index]);
      expect(results.filter((result) => result?.duplicate === false)).toHaveLength(1);
      for (const result of results) expect(result?.event?.sequence).toBe(index + 1);
    }
  });

  test('two concurrent batches of 500 through both servers form a dense log, each in its own order', async () => {
    const sessionId = await newSession(service);
    const [ours, theirs] = [eventsOf(500, 'a'), eventsOf(500, 'b')];
    const replies = await Promise.all([
      service.client.batchAddEvents({ sessionId, events: ours }),
      service.other.batchAddEvents({ sessionId, events: theirs }),
    ]);
    const stored = await readChecked(service.client, sessionId);
    expect(stored).toHaveLength(1000);
    for (const [server, events] of [ours, theirs].entries()) {
      const ids = events.map(({ eventId }) => eventId);
      const own = new Set(ids);
      expect(stored.map(({ eventId }) => eventId).filter((id) => own.has(id))).toEqual(ids);
      for (const { event, duplicate } of replies[server]?.results ?? []) {
        expect(duplicate).toBe(false);
        expect({ ...stored[(event?.sequence ?? 0) - 1], payload: undefined }).toEqual(event);
      }
    }
  });

  test.each([0, 1001])('a batch of %d events is INVALID_ARGUMENT', async (count) => {
    const sessionId = await newSession(service);
    const call = service.client.batchAddEvents({ sessionId, events: eventsOf(count) });
    expect(await invalidFieldsOf(call)).toEqual(['events']);
    expect((await service.client.getSession({ sessionId })).pagination?.total).toBe(0);
  });

  test('all violations of all events are reported at once, and nothing is stored', async () => {
    const sessionId = await newSession(service);
    const events: BatchedEvent[] = eventsOf(6);
    events[1] = { eventId: 'a\nb', payload: { n: NaN } };
    events[3] = { eventId: 'e3', type: '' };
    events[5] = { eventId: '', type: 'x'.repeat(129) };
    const fields = [
      ...['events[1].event_id', 'events[1].payload', 'events[3].type'],
      ...['events[5].event_id', 'events[5].type'],
    ];
    expect(await invalidFieldsOf(service.client.batchAddEvents({ sessionId, events }))).toEqual(fields);
    const withoutSession = service.client.batchAddEvents({ sessionId: '', events });
    expect(await invalidFieldsOf(withoutSession)).toEqual(['session_id', ...fields]);
    expect((await service.client.getSession({ sessionId })).pagination?.total).toBe(0);
  });

  test('only the first 20 violations are listed', async () => {
    const sessionId = await newSession(service);
    const events = eventsOf(30).map((event) => ({ ...event, type: '' }));
    const error = await failureOf(service.client.batchAddEvents({ sessionId, events }));
    const listed = error.violations?.map(({ field }) => field);
    expect(listed).toEqual(Array.from({ length: 20 }, (_, index) => `events[${index}].type`));
  });

  test('a batch of 3 MiB is stored; one byte more is INVALID_ARGUMENT', async () => {
    const sessionId = await newSession(service);
    const over = service.client.batchAddEvents({ sessionId, events: eventsOfBytes(LIMITS.batchBytes + 1) });
    expect(await invalidFieldsOf(over)).toEqual(['events']);
    expect((await service.client.getSession({ sessionId })).pagination?.total).toBe(0);
    const events = eventsOfBytes(LIMITS.batchBytes);
    const { results } = await service.client.batchAddEvents({ sessionId, events });
    expect(results.map(({ event }) => event?.sequence)).toEqual([1, 2, 3, 4]);
    const stored = await readChecked(service.other, sessionId);
    expect(stored.map(({ payload }) => payload)).toEqual(events.map(({ payload }) => payload));
  });

  test('an unknown session is NOT_FOUND if the batch is valid', async () => {
    const sessionId = newId();
    const error = await failureOf(service.client.batchAddEvents({ sessionId, events: eventsOf(2) }));
    expect(error).toMatchObject({
      code: Code.NOT_FOUND,
      details: `Session with ID ${sessionId} not found`,
      info: { reason: 'SESSION_NOT_FOUND', metadata: { session_id: sessionId } },
    });
    const invalid = service.client.batchAddEvents({ sessionId, events: [] });
    expect(await invalidFieldsOf(invalid)).toEqual(['events']);
    expect((await service.other.createSession({ sessionId })).created).toBe(true);
    expect((await service.client.getSession({ sessionId })).pagination?.total).toBe(0);
  });

  test('a batch for a completed session is stored', async () => {
    const sessionId = await newSession(service);
    await service.client.completeSession({ sessionId });
    await service.other.batchAddEvents({ sessionId, events: eventsOf(5) });
    expect(await readChecked(service.client, sessionId)).toHaveLength(5);
  });
});
