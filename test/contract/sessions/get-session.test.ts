import { status as Code } from '@grpc/grpc-js';
import type { Event } from '../../../generated/conversation/v1/event';
import { LIMITS } from '../../../src/core/limits';
import { failureOf, invalidFieldsOf } from '../../support/call-error';
import { type ContractService, describeContract, newId, newSession } from '../support/describe-contract';
import { structOfSize } from '../support/struct-of-size';

const EVENTS = 2345;

/** Creates a session with this many events, from `e1` on. */
async function sessionOf(service: ContractService, count: number): Promise<string> {
  const sessionId = await newSession(service);
  for (let first = 1; first <= count; first += 500) {
    const batch = Array.from({ length: Math.min(500, count - first + 1) }, (_, index) => first + index);
    await Promise.all(
      batch.map((n) => service.client.addEvent({ sessionId, eventId: `e${n}`, payload: { n } })),
    );
  }
  return sessionId;
}

const sequencesOf = (events: readonly Event[]): number[] => events.map(({ sequence }) => sequence);

const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

describeContract('GetSession', (service) => {
  test('a session without events has an empty page', async () => {
    const sessionId = await newSession(service);
    expect(await service.other.getSession({ sessionId })).toMatchObject({
      session: { sessionId, eventCount: 0 },
      events: [],
      pagination: { offset: 0, limit: 50, total: 0, hasMore: false },
    });
  });

  test('a session whose ID is a prefix of another’s has its own log', async () => {
    const sessionId = await newSession(service);
    for (const id of [`${sessionId}-2`, `${sessionId}1`]) {
      await service.client.createSession({ sessionId: id });
      await service.client.addEvent({ sessionId: id, eventId: 'theirs' });
    }
    expect((await service.client.getSession({ sessionId })).events).toEqual([]);
    await service.client.addEvent({ sessionId, eventId: 'own' });
    const { events } = await service.other.getSession({ sessionId });
    expect(events.map(({ eventId, sequence }) => ({ eventId, sequence }))).toEqual([
      { eventId: 'own', sequence: 1 },
    ]);
  });

  test.each([
    { field: 'offset', page: { offset: -1 } },
    { field: 'limit', page: { limit: -1 } },
    { field: 'limit', page: { limit: -(2 ** 31) } },
  ])('$page is rejected', async ({ field, page }) => {
    const sessionId = await newSession(service);
    expect(await invalidFieldsOf(service.client.getSession({ sessionId, ...page }))).toEqual([field]);
  });

  test('an unknown session is NOT_FOUND', async () => {
    const error = await failureOf(service.client.getSession({ sessionId: 'session-999' }));
    expect(error).toMatchObject({ code: Code.NOT_FOUND, details: 'Session with ID session-999 not found' });
  });

  describe(`a session of ${EVENTS} events`, () => {
    let sessionId: string;

    beforeAll(async () => {
      sessionId = await sessionOf(service, EVENTS);
    });

    test.each([
      { page: {}, first: 1, last: 50, limit: 50 },
      { page: { limit: 1 }, first: 1, last: 1, limit: 1 },
      { page: { offset: 7, limit: 3 }, first: 8, last: 10, limit: 3 },
      { page: { limit: 999 }, first: 1, last: 999, limit: 999 },
      { page: { limit: 1000 }, first: 1, last: 1000, limit: 1000 },
      { page: { limit: 1001 }, first: 1, last: 1000, limit: 1000 },
      { page: { limit: 2 ** 31 - 1 }, first: 1, last: 1000, limit: 1000 },
      { page: { offset: 2000, limit: 1000 }, first: 2001, last: EVENTS, limit: 1000 },
      { page: { offset: EVENTS - 1, limit: 1 }, first: EVENTS, last: EVENTS, limit: 1 },
      { page: { offset: EVENTS - 50 }, first: EVENTS - 49, last: EVENTS, limit: 50 },
    ])('$page returns events $first to $last', async ({ page, first, last, limit }) => {
      const reply = await service.other.getSession({ sessionId, ...page });
      expect(sequencesOf(reply.events)).toEqual(range(first, last));
      expect(reply.pagination).toEqual({
        offset: first - 1,
        limit,
        total: EVENTS,
        hasMore: last < EVENTS,
      });
      expect(reply.session?.eventCount).toBe(EVENTS);
    });

    test.each([EVENTS, EVENTS + 1, 2 ** 40, 2 ** 48, Number.MAX_SAFE_INTEGER])(
      'offset %d, at or beyond the end, returns an empty page',
      async (offset) => {
        const reply = await service.client.getSession({ sessionId, offset });
        expect(reply).toMatchObject({
          events: [],
          pagination: { offset, limit: 50, total: EVENTS, hasMore: false },
        });
      },
    );

    test('the pages together are the whole log, each event once', async () => {
      const events: Event[] = [];
      for (let more = true; more;) {
        const page = await service.client.getSession({ sessionId, offset: events.length, limit: 333 });
        events.push(...page.events);
        more = page.pagination?.hasMore === true;
      }
      expect(sequencesOf(events)).toEqual(range(1, EVENTS));
      expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(EVENTS);
      for (const { eventId, payload, sessionId: owner } of events) {
        expect(owner).toBe(sessionId);
        expect(eventId).toBe(`e${String(payload?.n)}`);
      }
    });
  });

  test('a page of large payloads ends before 3 MiB, and paging continues after its last event', async () => {
    const sessionId = await newSession(service);
    const text = 'x'.repeat(900 * 1024);
    for (let n = 1; n <= 10; n += 1) {
      await service.client.addEvent({ sessionId, eventId: `e${n}`, payload: { text } });
    }
    const pages: number[][] = [];
    for (let offset = 0, more = true; more;) {
      const { events, pagination } = await service.other.getSession({ sessionId, offset, limit: 10 });
      expect(events.length).toBeGreaterThan(0);
      for (const { payload } of events) expect(payload?.text).toBe(text);
      offset += events.length;
      more = pagination?.hasMore === true;
      expect(pagination?.total).toBe(10);
      pages.push(sequencesOf(events));
    }
    expect(pages).toEqual([[1, 2, 3], [4, 5, 6], [7, 8, 9], [10]]);
  });

  test('an event and metadata of the maximum size fit the message limit of a default client together', async () => {
    const [sessionId, eventId] = [newId().padEnd(256, 'x'), 'e'.repeat(256)];
    const metadata = structOfSize(LIMITS.metadataBytes);
    await service.client.createSession({ sessionId, metadata });
    const payload = structOfSize(LIMITS.payloadBytes);
    await service.client.addEvent({ sessionId, eventId, type: 't'.repeat(128), payload });
    await service.client.addEvent({ sessionId, eventId: 'two', payload });
    const first = await service.client.getSession({ sessionId });
    expect(first.session?.metadata).toEqual(metadata);
    expect(first.events.map(({ payload }) => payload)).toEqual([payload]);
    expect(first.pagination).toMatchObject({ hasMore: true, total: 2 });
    const second = await service.client.getSession({ sessionId, offset: 1 });
    expect(sequencesOf(second.events)).toEqual([2]);
    expect(second.pagination?.hasMore).toBe(false);
  });
});
