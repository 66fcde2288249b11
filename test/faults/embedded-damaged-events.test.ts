import { status as Code } from '@grpc/grpc-js';
import { failureOf } from '../support/call-error';
import { disconnect } from '../support/connect';
import { EditedService, EVENTS } from '../support/edited-service';
import { errorOf } from '../support/ingest-stream';
import { endServices } from '../support/service-process';
import { eventIdKey, eventKey, type StoredRows } from '../support/stored-rows';

/** The event that cannot be read. */
const BAD = 5;

const INTERNAL = { code: Code.INTERNAL, details: 'internal error', info: { reason: 'INTERNAL' } };

let service: EditedService;

async function end(): Promise<void> {
  disconnect();
  await endServices();
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function sequencesOf(events: readonly { readonly sequence: number }[]): number[] {
  return events.map(({ sequence }) => sequence);
}

type Damage = (rows: StoredRows, sessionId: string) => void;

/** How an event becomes unreadable, and the table that the log names. */
const DAMAGES: readonly (readonly [reason: string, table: string, damage: Damage])[] = [
  ['row is damaged', 'events', (rows, id) => rows.damage('events', eventKey(id, BAD))],
  ['row is missing', 'events', (rows, id) => rows.remove('events', eventKey(id, BAD))],
  ['payload is damaged', 'event_payloads', (rows, id) => rows.damage('event_payloads', eventKey(id, BAD))],
  ['payload is missing', 'event_payloads', (rows, id) => rows.remove('event_payloads', eventKey(id, BAD))],
  [
    'row is that of another event',
    'events',
    (rows, id) => rows.put('events', eventKey(id, BAD), rows.get('events', eventKey(id, BAD + 1))),
  ],
  [
    'row is that of another session',
    'events',
    (rows, id) => rows.put('events', eventKey(id, BAD), rows.get('events', eventKey('intact', BAD))),
  ],
];

describe('an event cannot be read', () => {
  beforeAll(async () => {
    service = await EditedService.start();
    await service.addSession('intact');
    for (const [reason] of DAMAGES) await service.addSession(reason);
    await service.edit((rows) => {
      for (const [reason, , damage] of DAMAGES) damage(rows, reason);
    });
  });

  afterAll(end);

  test('only where it was damaged', async () => {
    const { events, pagination } = await service.client.getSession({ sessionId: 'intact' });
    expect(sequencesOf(events)).toEqual(range(1, EVENTS));
    expect(pagination?.hasMore).toBe(false);
  });

  describe.each(DAMAGES)('since its %s', (sessionId, table) => {
    const row = `session "${sessionId}", sequence ${BAD} in ${table}`;

    test('is never sent and never left out', async () => {
      const page = await service.client.getSession({ sessionId, limit: 100 });
      expect(sequencesOf(page.events)).toEqual(range(1, BAD - 1));
      expect(page.pagination).toMatchObject({ total: EVENTS, hasMore: true });
      expect(await failureOf(service.client.getSession({ sessionId, offset: BAD - 1 }))).toMatchObject(
        INTERNAL,
      );
      await service.expectLogged(row, ['call failed']);
      expect(sequencesOf((await service.client.getSession({ sessionId, offset: BAD })).events)).toEqual(
        range(BAD + 1, EVENTS),
      );

      for (const [newestFirst, types, readable] of [
        [false, [], range(1, BAD - 1)],
        [true, [], range(BAD + 1, EVENTS).reverse()],
        [false, ['odd'], [1, 3]],
        [true, ['odd'], [9, 7]],
      ] as const) {
        const filter = { sessionId, newestFirst, types: [...types] };
        const listed = await service.client.listEvents(filter);
        expect(sequencesOf(listed.events)).toEqual(readable);
        expect(listed.nextPageToken).not.toBe('');
        const next = service.client.listEvents({ ...filter, pageToken: listed.nextPageToken });
        expect(await failureOf(next)).toMatchObject(INTERNAL);
      }

      expect(await failureOf(service.client.getEvent({ sessionId, eventId: `event-${BAD}` }))).toMatchObject(
        INTERNAL,
      );
      const after = await service.client.getEvent({ sessionId, eventId: `event-${BAD + 1}` });
      expect(after.event?.sequence).toBe(BAD + 1);
    });

    test('ends a watch after the events before it', async () => {
      const watch = service.client.watchSession({ sessionId });
      expect(await watch.end).toMatchObject(INTERNAL);
      expect(watch.updates).toEqual(range(1, BAD - 1));

      const beginning = service.client.watchSession({ sessionId, afterSequence: BAD - 1 });
      expect(await beginning.end).toMatchObject(INTERNAL);
      expect(beginning.updates).toEqual([]);

      const later = service.client.watchSession({ sessionId, afterSequence: BAD });
      await later.caughtUp();
      expect(later.updates).toEqual([...range(BAD + 1, EVENTS), 'caught up']);
      later.cancel();
    });

    test('fails only its own requests: a stream goes on, and the session takes new events', async () => {
      const stream = service.client.ingestEvents();
      stream.send({ sessionId: 'intact', eventId: `new in ${sessionId}` });
      stream.send({ sessionId, eventId: `event-${BAD}` });
      stream.send({ sessionId, eventId: 'new-1' });
      const [first, second, third] = await stream.finish();
      expect(first?.result).toMatchObject({ $case: 'added', value: { duplicate: false } });
      expect(errorOf(second)).toMatchObject({ code: Code.INTERNAL, message: 'internal error' });
      expect(third?.result).toMatchObject({ $case: 'added', value: { event: { sequence: EVENTS + 1 } } });
    });
  });
});

describe('one damaged row', () => {
  afterEach(end);

  test('a log whose last event is damaged can be read up to it', async () => {
    service = await EditedService.start();
    const sessionId = 'call';
    await service.addSession(sessionId);
    await service.edit((rows) => rows.damage('events', eventKey(sessionId, EVENTS)));

    const page = await service.client.getSession({ sessionId });
    expect(sequencesOf(page.events)).toEqual(range(1, EVENTS - 1));
    expect(page.session?.eventCount).toBe(EVENTS);
    expect(page.pagination).toMatchObject({ total: EVENTS, hasMore: true });
    const newest = service.client.listEvents({ sessionId, newestFirst: true });
    expect(await failureOf(newest)).toMatchObject(INTERNAL);
    expect((await service.client.listSessions()).sessions.map((session) => session.sessionId)).toEqual([
      sessionId,
    ]);
    expect((await service.client.completeSession({ sessionId })).session?.eventCount).toBe(EVENTS);

    const stream = service.client.ingestEvents();
    stream.send({ sessionId, eventId: 'new' });
    expect(errorOf((await stream.finish())[0])).toMatchObject({ code: Code.INTERNAL });
  });

  test.each([EVENTS - 4, EVENTS + 1000, EVENTS + 2 ** 40])(
    'a log whose last key became %p ends with INTERNAL, and is neither cut short nor continued there',
    async (sequence) => {
      service = await EditedService.start();
      const sessionId = 'call';
      await service.addSession(sessionId);
      await service.edit((rows) => {
        const value = rows.get('events', eventKey(sessionId, EVENTS));
        for (let last = EVENTS; last > Math.min(sequence, EVENTS - 1); last -= 1)
          rows.remove('events', eventKey(sessionId, last));
        rows.put('events', eventKey(sessionId, sequence), value);
      });
      const appended = await failureOf(service.client.addEvent({ sessionId, eventId: 'new' }));
      expect(appended).toMatchObject(INTERNAL);
      if (sequence > EVENTS) {
        expect(await failureOf(service.client.getSession({ sessionId }))).toMatchObject(INTERNAL);
        expect((await service.client.listSessions()).sessions).toEqual([]);
      }
    },
  );

  test('an event ID whose row is damaged fails its own calls', async () => {
    service = await EditedService.start();
    const sessionId = 'call';
    await service.addSession(sessionId);
    await service.edit((rows) => rows.damage('event_ids', eventIdKey(sessionId, 'event-3')));
    expect(await failureOf(service.client.addEvent({ sessionId, eventId: 'event-3' }))).toMatchObject(
      INTERNAL,
    );
    await service.expectLogged('session "call", event "event-3" in event_ids', ['call failed']);
    expect((await service.client.getSession({ sessionId })).events).toHaveLength(EVENTS);
  });
});
