import { status as Code } from '@grpc/grpc-js';
import { connect, disconnect, readLog } from '../support/connect';
import { endServices, startService } from '../support/service-process';
import { untilBlocked } from '../support/until-blocked';

const EVENTS = 200_000;
const SESSIONS = Array.from({ length: 10 }, (_, index) => `call-${index}`);
const BESIDE = 'beside';

/** Of all events together 100 MB: a server that only kept what it reads could not be missed. */
const PAYLOAD = { text: 'x'.repeat(500) };

/**
 * 4 MiB for what is unanswered; the rest for the heap of a server that has just become busy. It grew by 22 to 36 MiB
 * when it was measured, and by 175 with a server that only read on and kept the bytes.
 */
const GROWTH_MIB = 64;

/** The 1,000 that the server takes unanswered, and those whose replies are on their way to the client. */
const STORED = 5000;

/** Beside those a MiB, which the client's library keeps to send it again. */
const TAKEN = 10_000;

afterEach(async () => {
  disconnect();
  await endServices();
});

test('200,000 events of a client that reads no reply do not grow the server', async () => {
  const { service, port } = await startService();
  const [client, other] = [connect(port), connect(port)];
  for (const sessionId of [...SESSIONS, BESIDE]) await client.createSession({ sessionId });
  const idle = service.memory('VmRSS');

  const stream = client.ingestEvents();
  stream.stopReading();
  for (let index = 0; index < EVENTS; index += 1)
    stream.send({
      sessionId: SESSIONS[index % SESSIONS.length] ?? '',
      eventId: `e${index}`,
      payload: PAYLOAD,
    });
  const { taken, stored } = await untilBlocked(stream, SESSIONS, other, BESIDE);
  expect(service.memory('VmHWM') - idle).toBeLessThan(GROWTH_MIB);
  expect(stored).toBeLessThan(STORED);
  expect(taken).toBeLessThan(TAKEN);
  expect(stream.replies).toEqual([]);

  // To read on, as test/contract/ingest-back-pressure.test.ts does, would take half a minute with so many.
  stream.cancel();
  expect((await stream.end)?.code).toBe(Code.CANCELLED);
  for (const [first, sessionId] of SESSIONS.entries()) {
    const log = await readLog(other, sessionId);
    expect(log.map(({ eventId }) => eventId)).toEqual(
      log.map((_, index) => `e${first + index * SESSIONS.length}`),
    );
  }
}, 60_000);
