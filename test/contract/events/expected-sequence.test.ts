import { status as Code } from '@grpc/grpc-js';
import { failureOf, invalidFieldsOf } from '../../support/call-error';
import { describeContract, newId, newSession } from '../support/describe-contract';
import { readChecked } from '../support/read-checked';

/** The error for an expected_sequence that is not the last sequence. */
function mismatch(expected: number, actual: number): object {
  return {
    code: Code.ABORTED,
    info: {
      domain: 'conversation.v1',
      reason: 'SEQUENCE_MISMATCH',
      metadata: { expected: String(expected), actual: String(actual) },
    },
  };
}

describeContract('expected_sequence', (service) => {
  test('an event is stored after the expected sequence, through both servers', async () => {
    const sessionId = await newSession(service);
    for (let last = 0; last < 8; last += 1) {
      const client = last % 3 === 1 ? service.other : service.client;
      const { event, duplicate } = await client.addEvent({
        sessionId,
        eventId: `e${last}`,
        expectedSequence: last,
      });
      expect({ sequence: event?.sequence, duplicate }).toEqual({ sequence: last + 1, duplicate: false });
    }
    expect(await readChecked(service.other, sessionId)).toHaveLength(8);
  });

  test.each([0, 1, 3, 1000, Number.MAX_SAFE_INTEGER])(
    'expecting %d with a last sequence of 2 is ABORTED, and stores nothing',
    async (expected) => {
      const sessionId = await newSession(service);
      await service.client.addEvent({ sessionId, eventId: 'one' });
      await service.client.addEvent({ sessionId, eventId: 'two' });
      for (const client of [service.client, service.other]) {
        const adding = client.addEvent({ sessionId, eventId: 'three', expectedSequence: expected });
        expect(await failureOf(adding)).toMatchObject(mismatch(expected, 2));
      }
      expect(await readChecked(service.other, sessionId)).toHaveLength(2);
      const { event } = await service.client.addEvent({ sessionId, eventId: 'three', expectedSequence: 2 });
      expect(event?.sequence).toBe(3);
    },
  );

  test('the expected sequence of an empty session is 0, not 1', async () => {
    const sessionId = await newSession(service);
    const tooHigh = service.other.addEvent({ sessionId, eventId: 'one', expectedSequence: 1 });
    expect(await failureOf(tooHigh)).toMatchObject(mismatch(1, 0));
    const { event } = await service.client.addEvent({ sessionId, eventId: 'one', expectedSequence: 0 });
    expect(event?.sequence).toBe(1);
  });

  test('a repeated add with its original expectation is a duplicate, at once and later', async () => {
    const sessionId = await newSession(service);
    const request = { sessionId, eventId: 'one', payload: { a: 1 }, expectedSequence: 0 };
    const { event } = await service.client.addEvent(request);
    const duplicate = { event, duplicate: true, payloadMismatch: false };
    expect(await service.client.addEvent(request)).toEqual(duplicate);
    await service.other.addEvent({ sessionId, eventId: 'two' });
    for (const client of [service.client, service.other]) {
      expect(await client.addEvent(request)).toEqual(duplicate);
      expect(await client.addEvent({ ...request, expectedSequence: 77 })).toEqual(duplicate);
    }
    expect(await readChecked(service.client, sessionId)).toHaveLength(2);
  });

  test('32 concurrent repeats of one add store it once, and none is ABORTED', async () => {
    const sessionId = await newSession(service);
    const request = { sessionId, eventId: 'one', expectedSequence: 0 };
    const replies = await Promise.all(
      Array.from({ length: 32 }, (_, index) =>
        (index % 2 === 0 ? service.client : service.other).addEvent(request),
      ),
    );
    expect(replies.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    for (const { event } of replies) expect(event?.sequence).toBe(1);
  });

  test('a negative value is INVALID_ARGUMENT', async () => {
    const sessionId = await newSession(service);
    const adding = service.client.addEvent({ sessionId, eventId: 'one', expectedSequence: -1 });
    expect(await invalidFieldsOf(adding)).toEqual(['expected_sequence']);
    const both = service.client.addEvent({ sessionId, eventId: '', expectedSequence: -2 });
    expect(await invalidFieldsOf(both)).toEqual(['event_id', 'expected_sequence']);
    expect((await service.client.getSession({ sessionId })).pagination?.total).toBe(0);
  });

  test('an unknown session is NOT_FOUND', async () => {
    const adding = service.client.addEvent({ sessionId: newId(), eventId: 'one', expectedSequence: 3 });
    expect((await failureOf(adding)).code).toBe(Code.NOT_FOUND);
  });

  test('exactly one of 20 concurrent callers on both servers with the same expectation succeeds', async () => {
    const sessionId = await newSession(service);
    for (let last = 0; last < 5; last += 1) {
      const adds = Array.from({ length: 20 }, (_, index) =>
        (index % 2 === 0 ? service.client : service.other)
          .addEvent({ sessionId, eventId: `${last}-${index}`, expectedSequence: last })
          .then(({ event }) => event?.sequence),
      );
      const settled = await Promise.allSettled(adds);
      const stored = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      expect(stored).toEqual([last + 1]);
      for (const one of settled) {
        if (one.status === 'rejected') expect(one.reason).toMatchObject(mismatch(last, last + 1));
      }
    }
    expect(await readChecked(service.client, sessionId)).toHaveLength(5);
  });

  test('a server that does not know the other’s appends checks against the actual last sequence', async () => {
    const sessionId = await newSession(service);
    const both = [service.client, service.other] as const;
    let last = 0;
    for (let round = 0; round < 6; round += 1) {
      const [behind, ahead] = round % 2 === 0 ? both : [both[1], both[0]];
      const known = await behind.addEvent({ sessionId, eventId: `known-${round}` });
      expect(known.event?.sequence).toBe(last + 1);
      await ahead.addEvent({ sessionId, eventId: `unseen-${round}` });
      last += 2;
      const eventId = `expecting-${round}`;
      const outdated = behind.addEvent({ sessionId, eventId, expectedSequence: last - 1 });
      expect(await failureOf(outdated)).toMatchObject(mismatch(last - 1, last));
      await ahead.addEvent({ sessionId, eventId: `unseen-too-${round}` });
      last += 1;
      const { event } = await behind.addEvent({ sessionId, eventId, expectedSequence: last });
      expect(event?.sequence).toBe(last + 1);
      last += 1;
    }
    expect(await readChecked(service.other, sessionId)).toHaveLength(last);
  });

  test('concurrent adds with and without expectations form a dense log, and expectations hold', async () => {
    const sessionId = await newSession(service);
    const calls = Array.from({ length: 120 }, (_, index) => {
      const client = index % 2 === 0 ? service.client : service.other;
      const request = { sessionId, eventId: `e${index}` };
      const expectation = index % 3 === 0 ? { expectedSequence: index } : {};
      return client.addEvent({ ...request, ...expectation }).then(({ event }) => {
        if (index % 3 === 0) expect(event?.sequence).toBe(index + 1);
        return event?.eventId;
      });
    });
    const settled = await Promise.allSettled(calls);
    const stored = settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    for (const one of settled) {
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: Code.ABORTED });
    }
    const events = await readChecked(service.client, sessionId);
    expect(events.map(({ eventId }) => eventId).sort()).toEqual(stored.sort());
    expect(events.length).toBeGreaterThanOrEqual(80);
  });
});
