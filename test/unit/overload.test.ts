import { status as Code } from '@grpc/grpc-js';
import { failureOf } from '../support/call-error';
import { HeldRepository } from '../support/held-store';
import { addedOf } from '../support/ingest-stream';
import { type SessionServer, startSessionServer } from '../support/session-server';

let repository: HeldRepository;
let server: SessionServer;

async function start(settings: { maxInFlightRequests?: number; maxInFlightBytes?: number }): Promise<void> {
  repository = new HeldRepository();
  server = await startSessionServer(repository, settings);
}

afterEach(() => server.close());

const add = (eventId: string, payload?: Record<string, string>): Promise<unknown> =>
  server.client.addEvent({ sessionId: 'one', eventId, payload });

async function expectRefused(call: Promise<unknown>): Promise<void> {
  expect(await failureOf(call)).toMatchObject({
    code: Code.RESOURCE_EXHAUSTED,
    info: { domain: 'conversation.v1', reason: 'OVERLOADED' },
    retry: { retryDelay: { seconds: 0, nanos: 500_000_000 } },
  });
}

test('past its bound of unanswered requests a call is refused at once, and those within it are answered', async () => {
  await start({ maxInFlightRequests: 4 });
  const within = ['a', 'b', 'c', 'd'].map((eventId) => add(eventId));
  await repository.reached(4);
  const startedAt = performance.now();
  await expectRefused(add('e'));
  await expectRefused(server.client.getSession({ sessionId: 'one' }));
  expect(performance.now() - startedAt).toBeLessThan(1000);
  repository.release();
  expect(await Promise.all(within)).toHaveLength(4);
  await add('f');
  expect(repository.appends.map(({ eventId }) => eventId)).toEqual(['a', 'b', 'c', 'd', 'f']);
});

test('a place is free again after each answer, good or bad', async () => {
  await start({ maxInFlightRequests: 2 });
  for (let round = 0; round < 5; round += 1) {
    const within = ['a', 'b'].map((eventId) => add(`${eventId}${round}`));
    const [first, second] = (await repository.reached(2 * round + 2)).slice(-2);
    await expectRefused(add('over'));
    first?.fail(new Error('lost'));
    second?.succeed();
    const settled = await Promise.allSettled(within);
    expect(settled.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  }
});

test('past its bound of unanswered bytes a call is refused at once, and is taken once there is room', async () => {
  await start({ maxInFlightBytes: 100_000 });
  const text = 'x'.repeat(60_000);
  const within = ['a', 'b'].map((eventId) => add(eventId, { text }));
  await repository.reached(2);
  await expectRefused(add('c'));
  repository.release();
  await Promise.all(within);
  await add('d', { text });
  expect(repository.appends.map(({ eventId }) => eventId).sort()).toEqual(['a', 'b', 'd']);
});

test('streams are not refused but read more slowly, and each goes on once the others are answered', async () => {
  await start({ maxInFlightRequests: 1 });
  const streams = [server.client.ingestEvents(), server.client.ingestEvents()];
  for (const [index, stream] of streams.entries())
    for (let n = 0; n < 50; n += 1) stream.send({ sessionId: 'one', eventId: `${index}-${n}` });
  const appends = await repository.reached(2);
  await expectRefused(add('over'));
  appends[0]?.succeed();
  await repository.reached(3);
  repository.release();
  for (const [index, stream] of streams.entries()) {
    const replies = (await stream.finish()).map(addedOf);
    expect(replies.map(({ event }) => event?.eventId)).toEqual(
      Array.from({ length: 50 }, (_, n) => `${index}-${n}`),
    );
  }
  await add('after');
});
