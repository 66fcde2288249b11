import { status as Code } from '@grpc/grpc-js';
import pino from 'pino';
import { storageFull, storeUnavailable } from '../../src/core/errors';
import { HeldStore } from '../support/held-store';
import { addedOf, errorOf, type IngestStream } from '../support/ingest-stream';
import { type SessionServer, startSessionServer } from '../support/session-server';
import { until } from '../support/until';

const SESSION = 'one';

let store: HeldStore;
let server: SessionServer;
/** The lines that the server logged. */
let log: Record<string, unknown>[];

beforeEach(async () => {
  store = new HeldStore();
  log = [];
  const write = (line: string): unknown => log.push(JSON.parse(line) as Record<string, unknown>);
  server = await startSessionServer(store, {}, pino({ level: 'info' }, { write }));
});

afterEach(() => server.close());

function send(stream: IngestStream, from: number, to: number): void {
  for (let n = from; n <= to; n += 1) stream.send({ sessionId: SESSION, eventId: `e${n}` });
}

const answeredIds = ({ replies }: IngestStream): (string | undefined)[] =>
  replies.map((reply) => addedOf(reply).event?.eventId);

test('replies are sent in request order', async () => {
  const stream = server.client.ingestEvents();
  send(stream, 1, 3);
  const [first, second, third] = await store.reached(3);
  third?.succeed();
  second?.succeed();
  // A reply sent out of order would arrive before this later call on the same connection ends.
  await expect(server.client.getSession({ sessionId: SESSION })).rejects.toThrow('internal error');
  expect(stream.replies).toEqual([]);
  first?.succeed();
  await stream.finish();
  expect(answeredIds(stream)).toEqual(['e1', 'e2', 'e3']);
});

test.each([
  { error: storeUnavailable(), code: Code.UNAVAILABLE, reason: 'STORE_UNAVAILABLE' },
  { error: storageFull(), code: Code.RESOURCE_EXHAUSTED, reason: 'STORAGE_FULL' },
  { error: new Error('secret'), code: Code.INTERNAL, reason: 'INTERNAL' },
])(
  'after a failure with $reason nothing more is stored, and earlier requests are answered',
  async (failure) => {
    const stream = server.client.ingestEvents();
    send(stream, 1, 5);
    const appends = await store.reached(5);
    for (const append of appends.slice(0, 3)) append.succeed();
    await stream.received(3);
    appends[4]?.fail(failure.error);
    await until('the other appends are cancelled', () =>
      appends[3]?.context.cancelled === true ? true : undefined,
    );
    store.open = true;
    send(stream, 6, 10);
    // This later call on the same connection succeeds, so the requests before it have arrived.
    await server.client.addEvent({ sessionId: SESSION, eventId: 'beside' });
    expect(stream.replies).toHaveLength(3);
    appends[3]?.succeed();
    const end = await stream.end;
    expect(end).toMatchObject({
      code: failure.code,
      info: { domain: 'conversation.v1', reason: failure.reason },
    });
    expect(JSON.stringify(end?.status)).not.toContain('secret');
    expect(answeredIds(stream)).toEqual(['e1', 'e2', 'e3', 'e4']);
    const reachedStore = store.appends.map(({ eventId }) => eventId);
    expect(reachedStore).toEqual(['e1', 'e2', 'e3', 'e4', 'e5', 'beside']);
  },
);

test.each([
  {
    error: new Error('secret'),
    line: { level: pino.levels.values.error, code: 'INTERNAL', reason: 'INTERNAL' },
  },
  {
    error: storeUnavailable(new Error('secret')),
    line: { level: pino.levels.values.info, code: 'UNAVAILABLE', reason: 'STORE_UNAVAILABLE' },
  },
])('a stream that ends with $line.reason is logged once, with its cause', async ({ error, line }) => {
  const stream = server.client.ingestEvents();
  send(stream, 1, 2);
  const [first, second] = await store.reached(2);
  first?.succeed();
  second?.fail(error);
  await stream.end;
  const logged = await until('it is logged', () => (log.length > 0 ? log : undefined));
  const err = expect.objectContaining({ message: 'secret' }) as unknown;
  expect(logged).toEqual([expect.objectContaining({ method: 'IngestEvents', sent: 1, ...line, err })]);
});

test('a stream that failed is logged with its failure, also if its client disconnects before the status', async () => {
  const stream = server.client.ingestEvents();
  send(stream, 1, 2);
  const [, second] = await store.reached(2);
  second?.fail(new Error('secret'));
  await until('the stream fails', () => (second?.context.cancelled === true ? true : undefined));
  stream.cancel();
  const logged = await until('it is logged', () => (log.length > 0 ? log : undefined));
  const err = expect.objectContaining({ message: 'secret' }) as unknown;
  expect(logged).toEqual([expect.objectContaining({ code: 'INTERNAL', sent: 0, err })]);
});

test('a failed request cancels all appends of the stream', async () => {
  const stream = server.client.ingestEvents();
  send(stream, 1, 5);
  const appends = await store.reached(5);
  appends[0]?.fail(storeUnavailable());
  expect((await stream.end)?.code).toBe(Code.UNAVAILABLE);
  expect(appends.map(({ context }) => context.cancelled)).toEqual([true, true, true, true, true]);
  expect(stream.replies).toEqual([]);
});

test('an invalid request is answered in order, even if the store fails the next one', async () => {
  const stream = server.client.ingestEvents();
  stream.send({ sessionId: SESSION, eventId: '' });
  send(stream, 1, 1);
  const [append] = await store.reached(1);
  append?.fail(storeUnavailable());
  expect(await stream.end).toMatchObject({ code: Code.UNAVAILABLE, retry: { retryDelay: { seconds: 1 } } });
  expect(stream.replies).toHaveLength(1);
  expect(errorOf(stream.replies[0]).code).toBe(Code.INVALID_ARGUMENT);
});

test('a cancelled stream cancels its appends, and does not block later streams', async () => {
  const stream = server.client.ingestEvents();
  send(stream, 1, 3);
  const appends = await store.reached(3);
  stream.cancel();
  expect((await stream.end)?.code).toBe(Code.CANCELLED);
  await until('the appends are cancelled', () =>
    appends.every(({ context }) => context.cancelled) ? true : undefined,
  );
  store.release();
  const another = server.client.ingestEvents();
  send(another, 4, 5);
  await another.finish();
  expect(answeredIds(another)).toEqual(['e4', 'e5']);
});

test('a shutdown answers the requests in flight, and ends the stream with SHUTTING_DOWN', async () => {
  const stream = server.client.ingestEvents();
  send(stream, 1, 4);
  await store.reached(4);
  const client = server.client;
  let closed = false;
  const closing = server.stop().then(() => (closed = true));
  send(stream, 5, 6);
  expect(closed).toBe(false);
  store.release();
  expect(await stream.end).toMatchObject({
    code: Code.UNAVAILABLE,
    info: { domain: 'conversation.v1', reason: 'SHUTTING_DOWN' },
    retry: { retryDelay: { seconds: 0 } },
  });
  await closing;
  expect(answeredIds(stream)).toEqual(['e1', 'e2', 'e3', 'e4']);
  expect(store.appends).toHaveLength(4);
  client.close();
});

test('a half-closed stream ends with OK during a shutdown', async () => {
  const stream = server.client.ingestEvents();
  send(stream, 1, 2);
  stream.halfClose();
  await store.reached(2);
  // A later call on the same connection is answered, so the half-close has arrived.
  await expect(server.client.getSession({ sessionId: SESSION })).rejects.toThrow('internal error');
  const client = server.client;
  const closing = server.stop();
  store.release();
  expect(await stream.end).toBeUndefined();
  expect(answeredIds(stream)).toEqual(['e1', 'e2']);
  await closing;
  client.close();
});

test('an idle stream does not delay a shutdown', async () => {
  const stream = server.client.ingestEvents();
  send(stream, 1, 1);
  (await store.reached(1))[0]?.succeed();
  await stream.received(1);
  const startedAt = performance.now();
  await server.stop();
  expect(performance.now() - startedAt).toBeLessThan(2000);
  expect(await stream.end).toMatchObject({ code: Code.UNAVAILABLE, info: { reason: 'SHUTTING_DOWN' } });
});
