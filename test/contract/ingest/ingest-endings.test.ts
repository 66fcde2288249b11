import { status as Code } from '@grpc/grpc-js';
import type { CallError } from '../../support/call-error';
import { addedOf, type IngestedEvent } from '../../support/ingest-stream';
import { type SessionServer, startSessionServer } from '../../support/session-server';
import { newId } from '../support/describe-contract';
import { readChecked } from '../support/read-checked';
import { type TestDatabase, STORES } from '../support/stores';

/** The number of streams after which a test gives up. */
const MAX_STREAMS = 100;

describe.each(STORES)('$name: ingest streams ended by the server', ({ open }) => {
  let database: TestDatabase;
  let server: SessionServer | undefined;
  const sessionId = newId();

  beforeEach(async () => {
    database = await open();
  });

  afterEach(async () => {
    await server?.close();
    await database.close();
  });

  /**
   * Sends the unanswered events on one stream after another until all are answered. Returns how the streams ended.
   *
   * @param from how many are answered already
   */
  async function sendUntilAnswered(
    { client }: SessionServer,
    events: readonly IngestedEvent[],
    from = 0,
  ): Promise<(CallError | undefined)[]> {
    const ends: (CallError | undefined)[] = [];
    let answered = from;
    while (answered < events.length && ends.length < MAX_STREAMS) {
      const stream = client.ingestEvents();
      await stream.sendAll(events.slice(answered));
      stream.halfClose();
      const end = await stream.end;
      // The library rejects a stream on a closing connection before it sends anything: such a stream does not count.
      if (end === undefined || stream.replies.length > 0) ends.push(end);
      for (const reply of stream.replies) {
        expect(addedOf(reply).event).toMatchObject({
          eventId: events[answered]?.eventId,
          sequence: answered + 1,
        });
        answered += 1;
      }
    }
    expect(answered).toBe(events.length);
    return ends;
  }

  const eventsOf = (count: number): IngestedEvent[] =>
    Array.from({ length: count }, (_, index) => ({ sessionId, eventId: `e${index}` }));

  test('a stream that reaches the maximum age ends with UNAVAILABLE; the next one continues', async () => {
    server = await startSessionServer(database.stores[0], { maxConnectionAgeMs: 500 });
    await server.client.createSession({ sessionId });
    const events = eventsOf(2000);
    const aging = server.client.ingestEvents();
    await aging.sendAll(events.slice(0, 1000));
    expect(await aging.end).toMatchObject({ code: Code.UNAVAILABLE, info: { reason: 'SHUTTING_DOWN' } });
    const ends = await sendUntilAnswered(server, events, aging.replies.length);
    // Even the last stream, whose events are all answered, may reach its maximum age just before its half-close.
    for (const end of ends.filter((end) => end !== undefined)) {
      expect(end).toMatchObject({ code: Code.UNAVAILABLE, info: { reason: 'SHUTTING_DOWN' } });
    }
    const stored = await readChecked(server.client, sessionId);
    expect(stored.map(({ eventId }) => eventId)).toEqual(events.map(({ eventId }) => eventId));
  });

  test('a stream whose server shuts down continues on another, and nothing is lost or duplicated', async () => {
    const events = eventsOf(5000);
    const first = await startSessionServer(database.stores[0]);
    await first.client.createSession({ sessionId });
    const stream = first.client.ingestEvents();
    const sending = stream.sendAll(events);
    await stream.received(50);
    const stopping = first.stop();
    expect(await stream.end).toMatchObject({ code: Code.UNAVAILABLE, info: { reason: 'SHUTTING_DOWN' } });
    await Promise.all([sending, stopping]);
    first.client.close();
    server = await startSessionServer(database.stores[1]);
    // The first server answered exactly the events that it stored.
    const stored = await readChecked(server.client, sessionId);
    expect(stream.replies.map((reply) => addedOf(reply).event?.eventId)).toEqual(
      stored.map(({ eventId }) => eventId),
    );
    await sendUntilAnswered(server, events);
    const all = await readChecked(server.client, sessionId);
    expect(all.map(({ eventId }) => eventId)).toEqual(events.map(({ eventId }) => eventId));
  });

  test('a stream whose events exceed their deadlines stores a prefix of what was sent', async () => {
    server = await startSessionServer(database.stores[0], { defaultDeadlineMs: 4 });
    await server.client.createSession({ sessionId });
    const events = eventsOf(1000);
    const ends: (CallError | undefined)[] = [];
    let stored = 0;
    while (stored < events.length && ends.length < 20) {
      const stream = server.client.ingestEvents();
      await stream.sendAll(events.slice(stored));
      stream.halfClose();
      ends.push(await stream.end);
      const log = await readChecked(server.client, sessionId);
      expect(log.map(({ eventId }) => eventId)).toEqual(
        events.slice(0, log.length).map(({ eventId }) => eventId),
      );
      expect(log.length).toBeGreaterThanOrEqual(stored + stream.replies.length);
      stored = log.length;
    }
    const codes = new Set(ends.map((end) => end?.code));
    expect(codes).toContain(Code.DEADLINE_EXCEEDED);
  });
});
