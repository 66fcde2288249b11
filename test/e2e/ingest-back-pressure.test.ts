import { status as Code } from '@grpc/grpc-js';
import { memoryMiB } from '../../bench/process-usage';
import { connect, disconnect } from '../support/connect';
import { addedOf } from '../support/ingest-stream';
import type { RpcClient } from '../support/rpc-client';
import { endServices, type ServiceProcess, startService } from '../support/service-process';
import { until } from '../support/until';

const COUNT = 200_000;

/** Replies that are read in the end: all of them would take this one client half a minute on a busy machine. */
const READ = 100_000;

/** So many looks one after the other, with an event stored beside the stream at each, find nothing new stored. */
const LOOKS = 50;

/**
 * What a stream may hold at the server: 1,000 requests or 4 MiB unanswered and the transport's buffers. The rest is
 * room for Node's heap, as the looks are calls, too. It grows by about 20 MiB; a server that reads on, by over 300.
 */
const GROWTH_MIB = 64;

const SESSION = 'streamed';
const BESIDE = 'beside';

afterEach(async () => {
  disconnect();
  await endServices();
});

function* events(): Generator<{ sessionId: string; eventId: string }> {
  for (let n = 1; n <= COUNT; n += 1) yield { sessionId: SESSION, eventId: `e${n}` };
}

function memory({ pid }: ServiceProcess, figure: 'VmRSS' | 'VmHWM'): number {
  const size = memoryMiB(pid, figure);
  if (size === undefined) throw new Error('this system does not tell the memory of a process');
  return size;
}

async function storedCount(client: RpcClient): Promise<number> {
  const { pagination } = await client.getSession({ sessionId: SESSION, limit: 1 });
  return pagination?.total ?? 0;
}

test('a client that reads no reply is not read from, and others are served; then it is answered in order', async () => {
  const { service, port } = await startService();
  const other = connect(port);
  await other.createSession({ sessionId: SESSION });
  await other.createSession({ sessionId: BESIDE });
  await other.addEvent({ sessionId: BESIDE, eventId: 'first' });
  const idleMiB = memory(service, 'VmRSS');

  const stream = connect(port).ingestEvents(120_000);
  stream.stopReading();
  const sending = stream.sendAll(events());
  let looks = 0;
  let steadyLooks = 0;
  let last = 0;
  let slowestMs = 0;
  const look = async (): Promise<number | undefined> => {
    looks += 1;
    const startedAt = performance.now();
    await other.addEvent({ sessionId: BESIDE, eventId: `look-${looks}` });
    slowestMs = Math.max(slowestMs, performance.now() - startedAt);
    const count = await storedCount(other);
    steadyLooks = count > 0 && count === last ? steadyLooks + 1 : 0;
    last = count;
    return steadyLooks === LOOKS ? count : undefined;
  };
  const stored = await until('nothing more is stored', look, 60_000);
  expect(memory(service, 'VmHWM') - idleMiB).toBeLessThan(GROWTH_MIB);
  // What the server takes unanswered, and what the replies' way to the client holds.
  expect(stored).toBeLessThan(5000);
  // Beside that the client's library keeps a MiB, to send it again.
  expect(stream.sentCount).toBeLessThan(COUNT / 2);
  expect(stream.replies.length).toBeLessThan(100);
  expect(slowestMs).toBeLessThan(2000);

  stream.readOn();
  const replies = await until(
    `${READ} replies`,
    () => (stream.replies.length >= READ ? stream.replies : undefined),
    60_000,
  );
  stream.cancel();
  expect((await stream.end)?.code).toBe(Code.CANCELLED);
  await sending;
  const misplaced = replies.findIndex((reply, index) => {
    const { event, duplicate } = addedOf(reply);
    return duplicate || event?.eventId !== `e${index + 1}` || event.sequence !== index + 1;
  });
  expect(misplaced).toBe(-1);
  expect(await storedCount(other)).toBeGreaterThanOrEqual(replies.length);
}, 150_000);
