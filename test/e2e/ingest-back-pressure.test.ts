import { status as Code } from '@grpc/grpc-js';
import { connect, disconnect, readLog } from '../support/connect';
import { endServices, startService } from '../support/service-process';
import { untilBlocked } from '../support/until-blocked';

const EVENTS = 200_000;
const SESSIONS = Array.from({ length: 10 }, (_, index) => `call-${index}`);
const OTHER = 'beside';

/** 100 MB for all events together: a server that buffered what it reads would visibly grow. */
const PAYLOAD = { text: 'x'.repeat(500) };

/**
 * 4 MiB for unanswered requests; the rest for the heap of a server that has just become busy. It grew by 22 to 36 MiB
 * in measurements, and by 175 MiB with a server that kept reading and buffered the bytes.
 */
const GROWTH_MIB = 64;

/** Includes the 1,000 events that the server accepts unanswered, and those whose replies are in the client's buffers. */
const MAX_STORED = 5000;

/** Includes in addition 1 MiB that the client library buffers for retries. */
const MAX_ACCEPTED = 10_000;

describe('Backpressure of IngestEvents', () => {
  afterEach(async () => {
    disconnect();
    await endServices();
  });

  test('the server’s memory does not grow with 200,000 events of a client that does not read replies', async () => {
    const { service, port } = await startService();
    const [client, other] = [connect(port), connect(port)];
    for (const sessionId of [...SESSIONS, OTHER]) await client.createSession({ sessionId });
    const idle = service.memory('VmRSS');

    const stream = client.ingestEvents();
    stream.stopReading();
    for (let index = 0; index < EVENTS; index += 1)
      stream.send({
        sessionId: SESSIONS[index % SESSIONS.length] ?? '',
        eventId: `e${index}`,
        payload: PAYLOAD,
      });
    const { accepted, stored } = await untilBlocked(stream, SESSIONS, other, OTHER);
    expect(service.memory('VmHWM') - idle).toBeLessThan(GROWTH_MIB);
    expect(stored).toBeLessThan(MAX_STORED);
    expect(accepted).toBeLessThan(MAX_ACCEPTED);
    expect(stream.replies).toEqual([]);

    // Resuming, as test/contract/ingest/ingest-back-pressure.test.ts does, would take half a minute with this many events.
    stream.cancel();
    expect((await stream.end)?.code).toBe(Code.CANCELLED);
    for (const [first, sessionId] of SESSIONS.entries()) {
      const log = await readLog(other, sessionId);
      expect(log.map(({ eventId }) => eventId)).toEqual(
        log.map((_, index) => `e${first + index * SESSIONS.length}`),
      );
    }
  }, 60_000);
});
