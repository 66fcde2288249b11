import { status as Code } from '@grpc/grpc-js';
import { CallError, failureOf } from '../../support/call-error';
import { describeContract, newId, newSession } from '../support/describe-contract';

/** Returns whether the call succeeded; throws if it failed with another code than the expected one. */
async function succeeded(call: Promise<unknown>, failure: Code): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (error instanceof CallError && error.code === failure) return false;
    throw error;
  }
}

describeContract('deadlines and cancellation', (service) => {
  test('a call whose deadline has passed is DEADLINE_EXCEEDED, and a retry succeeds', async () => {
    const sessionId = newId();
    const deadline = Date.now() - 1;
    const create = await failureOf(service.client.createSession({ sessionId }, { deadline }));
    expect(create.code).toBe(Code.DEADLINE_EXCEEDED);
    await service.client.createSession({ sessionId });
    const add = await failureOf(service.client.addEvent({ sessionId, eventId: 'one' }, { deadline }));
    expect(add.code).toBe(Code.DEADLINE_EXCEEDED);
    const { event } = await service.client.addEvent({ sessionId, eventId: 'one' });
    expect(event?.sequence).toBe(1);
  });

  // From 2^31 ms (24.8 days) to 2^32 ms (49.7 days), and so on, the gRPC library takes a deadline for a past one.
  test.each([1, 24, 25, 30, 49, 50, 51, 60, 75, 99, 1000, 10_000, 1_000_000])(
    'a deadline in %i days is a long one, for calls and for streams',
    async (days) => {
      const sessionId = await newSession(service);
      const ms = days * 86_400_000;
      const watch = service.other.watchSession({ sessionId }, ms);
      await watch.caughtUp();
      const { event } = await service.client.addEvent(
        { sessionId, eventId: 'one' },
        { deadline: Date.now() + ms },
      );
      expect(event?.sequence).toBe(1);
      await watch.reached(1);
      const ingest = service.client.ingestEvents(ms);
      ingest.send({ sessionId, eventId: 'two', type: 't' });
      expect(await ingest.finish()).toMatchObject([{ result: { value: { event: { sequence: 2 } } } }]);
      await service.client.completeSession({ sessionId }, { deadline: Date.now() + ms });
      expect(await watch.end).toBeUndefined();
      expect(watch.events.map(({ sequence }) => sequence)).toEqual([1, 2]);
    },
  );

  test('adds whose deadlines expire at any stage can be retried: each event is stored once', async () => {
    const sessionId = await newSession(service);
    const ids = Array.from({ length: 60 }, (_, index) => `e${index}`);
    const acknowledged = await Promise.all(
      ids.map((eventId, index) => {
        const deadline = Date.now() + 1 + (index % 20);
        return succeeded(
          service.client.addEvent({ sessionId, eventId }, { deadline }),
          Code.DEADLINE_EXCEEDED,
        );
      }),
    );
    const retries = await Promise.all(ids.map((eventId) => service.other.addEvent({ sessionId, eventId })));
    for (const [index, { duplicate }] of retries.entries()) {
      // Acknowledged events are stored; others may be.
      if (acknowledged[index] === true) expect(duplicate).toBe(true);
    }
    const { events } = await service.client.getSession({ sessionId, limit: 1000 });
    expect(events.map(({ sequence }) => sequence)).toEqual(ids.map((_, index) => index + 1));
    expect(new Set(events.map(({ eventId }) => eventId))).toEqual(new Set(ids));
  });

  test('adds that are cancelled in flight can be retried: each event is stored once', async () => {
    const sessionId = await newSession(service);
    const ids = Array.from({ length: 40 }, (_, index) => `e${index}`);
    const cancellations = ids.map(() => new AbortController());
    const calls = ids.map((eventId, index) =>
      succeeded(
        service.client.addEvent({ sessionId, eventId }, { signal: cancellations[index]?.signal }),
        Code.CANCELLED,
      ),
    );
    await Promise.race(calls);
    for (const cancellation of cancellations) cancellation.abort();
    const acknowledged = await Promise.all(calls);
    expect(acknowledged).toContain(true);
    const retries = await Promise.all(ids.map((eventId) => service.client.addEvent({ sessionId, eventId })));
    for (const [index, { duplicate }] of retries.entries()) {
      if (acknowledged[index] === true) expect(duplicate).toBe(true);
    }
    const { events } = await service.other.getSession({ sessionId, limit: 1000 });
    expect(events.map(({ sequence }) => sequence)).toEqual(ids.map((_, index) => index + 1));
    expect(new Set(events.map(({ eventId }) => eventId))).toEqual(new Set(ids));
  });
});
