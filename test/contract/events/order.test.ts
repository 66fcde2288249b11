import { describeContract, newSession } from '../support/describe-contract';
import { readChecked } from '../support/read-checked';

describeContract('the order of events', (service) => {
  test('500 concurrent appends to one session through two servers get sequences 1 to 500', async () => {
    const sessionId = await newSession(service);
    const replies = await Promise.all(
      Array.from({ length: 500 }, (_, index) =>
        (index % 2 === 0 ? service.client : service.other).addEvent({
          sessionId,
          eventId: `e${index}`,
          payload: { index },
        }),
      ),
    );
    const events = await readChecked(service.client, sessionId);
    expect(events).toHaveLength(500);
    for (const [index, { event, duplicate }] of replies.entries()) {
      expect(duplicate).toBe(false);
      expect(event).toMatchObject({ eventId: `e${index}`, payload: { index } });
      expect(events[(event?.sequence ?? 0) - 1]).toEqual(event);
    }
  });

  test('repeated appends return the stored event as a duplicate, and do not use up sequences', async () => {
    const sessionId = await newSession(service);
    const sends = Array.from({ length: 300 }, (_, index) => `e${(index * 7) % 100}`);
    const replies = await Promise.all(
      sends.map((eventId, index) =>
        (index % 2 === 0 ? service.client : service.other).addEvent({ sessionId, eventId }),
      ),
    );
    const events = await readChecked(service.client, sessionId);
    expect(events).toHaveLength(100);
    expect(replies.filter(({ duplicate }) => !duplicate)).toHaveLength(100);
    for (const [index, { event }] of replies.entries()) {
      expect(event?.eventId).toBe(sends[index]);
      expect(events[(event?.sequence ?? 0) - 1]).toEqual(event);
    }
  });

  test('consecutive appends through two servers are stored in the order sent', async () => {
    const sessionId = await newSession(service);
    for (let n = 1; n <= 40; n += 1) {
      const client = n % 3 === 0 ? service.other : service.client;
      const { event } = await client.addEvent({ sessionId, eventId: `e${n}` });
      expect(event?.sequence).toBe(n);
    }
    const events = await readChecked(service.client, sessionId);
    expect(events).toHaveLength(40);
  });

  test('many concurrent sessions each have a dense log', async () => {
    const sessionIds = await Promise.all(Array.from({ length: 20 }, () => newSession(service)));
    await Promise.all(
      Array.from({ length: 400 }, (_, index) =>
        (index % 2 === 0 ? service.client : service.other).addEvent({
          sessionId: sessionIds[index % 20] ?? '',
          eventId: `e${index}`,
        }),
      ),
    );
    for (const [own, sessionId] of sessionIds.entries()) {
      const events = await readChecked(service.client, sessionId);
      expect(events).toHaveLength(20);
      for (const { eventId } of events) expect(Number(eventId.slice(1)) % 20).toBe(own);
    }
  });

  test('a concurrent reader never sees a gap, and its totals are consistent', async () => {
    const sessionId = await newSession(service);
    const written = new AbortController();
    const writers = Promise.all(
      [service.client, service.other].flatMap((client, server) =>
        Array.from({ length: 4 }, async (_, writer) => {
          for (let n = 0; n < 40; n += 1) {
            const eventId = `${server}-${writer}-${n}`;
            const { event } = await client.addEvent({ sessionId, eventId });
            const offset = (event?.sequence ?? 0) - 1;
            // An acknowledged event can be read at once on every server.
            const { events } = await service.other.getSession({ sessionId, offset, limit: 1 });
            expect(events).toEqual([event]);
          }
        }),
      ),
    ).finally(() => written.abort());
    let reads = 0;
    let lastTotal = 0;
    const reader = (async () => {
      while (!written.signal.aborted) {
        const limit = 1 + (reads % 60);
        const offset = Math.max(0, lastTotal - 20);
        const { session, events, pagination } = await service.client.getSession({ sessionId, offset, limit });
        const total = pagination?.total ?? NaN;
        expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, i) => offset + 1 + i));
        expect(session?.eventCount).toBe(total);
        expect(events).toHaveLength(Math.min(limit, total - offset));
        expect(pagination?.hasMore).toBe(offset + events.length < total);
        expect(total).toBeGreaterThanOrEqual(lastTotal);
        lastTotal = total;
        reads += 1;
      }
    })();
    await Promise.all([writers, reader]);
    expect(reads).toBeGreaterThan(5);
    expect(await readChecked(service.client, sessionId)).toHaveLength(320);
  });

  test('a concurrent completion does not affect appends', async () => {
    const sessionId = await newSession(service);
    const adds = Array.from({ length: 60 }, (_, index) =>
      (index % 2 === 0 ? service.client : service.other).addEvent({ sessionId, eventId: `e${index}` }),
    );
    const end = service.other.completeSession({ sessionId });
    await Promise.all([...adds, end]);
    expect(await readChecked(service.client, sessionId)).toHaveLength(60);
    const { session } = await service.client.getSession({ sessionId });
    expect(session?.endedAt).toEqual((await end).session?.endedAt);
  });
});
