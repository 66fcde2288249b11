import { status as Code } from '@grpc/grpc-js';
import { failureOf } from '../support/call-error';
import { HeldStore } from '../support/held-store';
import { addedOf } from '../support/ingest-stream';
import { type SessionServer, startSessionServer } from '../support/session-server';

let store: HeldStore;
let server: SessionServer;

async function start(settings: { maxInFlightRequests?: number; maxInFlightBytes?: number }): Promise<void> {
  store = new HeldStore();
  server = await startSessionServer(store, settings);
}

afterEach(() => server.close());

const add = (eventId: string, payload?: Record<string, string>): Promise<unknown> =>
  server.client.addEvent({ sessionId: 'one', eventId, payload });

async function expectOverloaded(call: Promise<unknown>): Promise<void> {
  expect(await failureOf(call)).toMatchObject({
    code: Code.RESOURCE_EXHAUSTED,
    info: { domain: 'conversation.v1', reason: 'OVERLOADED' },
    retry: { retryDelay: { seconds: 0, nanos: 500_000_000 } },
  });
}

test('a call above the limit of requests in flight is rejected at once, and those below it are answered', async () => {
  await start({ maxInFlightRequests: 4 });
  const accepted = ['a', 'b', 'c', 'd'].map((eventId) => add(eventId));
  await store.reached(4);
  const startedAt = performance.now();
  await expectOverloaded(add('e'));
  await expectOverloaded(server.client.getSession({ sessionId: 'one' }));
  expect(performance.now() - startedAt).toBeLessThan(1000);
  store.release();
  expect(await Promise.all(accepted)).toHaveLength(4);
  await add('f');
  expect(store.appends.map(({ eventId }) => eventId)).toEqual(['a', 'b', 'c', 'd', 'f']);
});

test('a request frees its place when it succeeds or fails', async () => {
  await start({ maxInFlightRequests: 2 });
  for (let round = 0; round < 5; round += 1) {
    const accepted = ['a', 'b'].map((eventId) => add(`${eventId}${round}`));
    const [first, second] = (await store.reached(2 * round + 2)).slice(-2);
    await expectOverloaded(add('over'));
    first?.fail(new Error('lost'));
    second?.succeed();
    const settled = await Promise.allSettled(accepted);
    expect(settled.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  }
});

test('a call above the limit of bytes in flight is rejected at once, and accepted after others are answered', async () => {
  await start({ maxInFlightBytes: 100_000 });
  const text = 'x'.repeat(60_000);
  const accepted = ['a', 'b'].map((eventId) => add(eventId, { text }));
  await store.reached(2);
  await expectOverloaded(add('c'));
  store.release();
  await Promise.all(accepted);
  await add('d', { text });
  expect(store.appends.map(({ eventId }) => eventId).sort()).toEqual(['a', 'b', 'd']);
});

test('streams are not rejected but read more slowly, and each continues when requests are answered', async () => {
  await start({ maxInFlightRequests: 1 });
  const streams = [server.client.ingestEvents(), server.client.ingestEvents()];
  for (const [index, stream] of streams.entries())
    for (let n = 0; n < 50; n += 1) stream.send({ sessionId: 'one', eventId: `${index}-${n}` });
  const appends = await store.reached(2);
  await expectOverloaded(add('over'));
  appends[0]?.succeed();
  await store.reached(3);
  store.release();
  for (const [index, stream] of streams.entries()) {
    const replies = (await stream.finish()).map(addedOf);
    expect(replies.map(({ event }) => event?.eventId)).toEqual(
      Array.from({ length: 50 }, (_, n) => `${index}-${n}`),
    );
  }
  await add('after');
});
