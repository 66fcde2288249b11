import { status as Code } from '@grpc/grpc-js';
import type { CallError } from '../support/call-error';
import { addedOf, type IngestedEvent } from '../support/ingest-stream';
import { type SessionServer, startSessionServer } from '../support/session-server';
import { newId } from './describe-contract';
import { readChecked } from './read-checked';
import { type TestDatabase, STORES } from './stores';

/** The most streams that a test opens before it gives up. */
const STREAMS = 100;

describe.each(STORES)('$name: streams that the server ends', ({ open }) => {
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

  /** Sends what has no reply yet on one stream after the other, until all has; returns how each ended that was taken. */
  async function sendUntilAnswered(
    { client }: SessionServer,
    events: readonly IngestedEvent[],
  ): Promise<(CallError | undefined)[]> {
    const ends: (CallError | undefined)[] = [];
    let answered = 0;
    while (answered < events.length && ends.length < STREAMS) {
      const stream = client.ingestEvents();
      await stream.sendAll(events.slice(answered));
      stream.halfClose();
      const end = await stream.end;
      // One that came to a connection as it closed was refused by the library, with nothing taken.
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

  test('one that is older than its connection may be ends with UNAVAILABLE; the rest goes on another', async () => {
    server = await startSessionServer(database.stores[0], { maxConnectionAgeMs: 500 });
    await server.client.createSession({ sessionId });
    const idle = server.client.ingestEvents();
    idle.send({ sessionId, eventId: 'e0' });
    await idle.received(1);
    expect(await idle.end).toMatchObject({ code: Code.UNAVAILABLE, info: { reason: 'SHUTTING_DOWN' } });
    const events = eventsOf(10_000);
    const ends = await sendUntilAnswered(server, events);
    expect(ends.length).toBeGreaterThan(1);
    // The last one has all its answers, and ends so too where its half-close came just after its age.
    for (const end of ends.filter((end) => end !== undefined)) {
      expect(end).toMatchObject({ code: Code.UNAVAILABLE, info: { reason: 'SHUTTING_DOWN' } });
    }
    const stored = await readChecked(server.client, sessionId);
    expect(stored.map(({ eventId }) => eventId)).toEqual(events.map(({ eventId }) => eventId));
  });

  test('one whose server shuts down in the middle goes on at another, with nothing lost or doubled', async () => {
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
    // It answered all that it stored.
    const stored = await readChecked(server.client, sessionId);
    expect(stream.replies.map((reply) => addedOf(reply).event?.eventId)).toEqual(
      stored.map(({ eventId }) => eventId),
    );
    await sendUntilAnswered(server, events);
    const all = await readChecked(server.client, sessionId);
    expect(all.map(({ eventId }) => eventId)).toEqual(events.map(({ eventId }) => eventId));
  });

  test('one whose events miss their deadlines leaves a prefix of what was sent', async () => {
    server = await startSessionServer(database.stores[0], { defaultDeadlineMs: 4 });
    await server.client.createSession({ sessionId });
    const events = eventsOf(1000);
    const ends: (CallError | undefined)[] = [];
    let stored = 0;
    while (stored < events.length && ends.length < STREAMS) {
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
