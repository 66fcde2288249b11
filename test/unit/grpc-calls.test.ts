import { status as Code } from '@grpc/grpc-js';
import { sessionNotFound, storeUnavailable } from '../../src/core/errors';
import type { RequestContext } from '../../src/core/request-context';
import type { EventStore } from '../../src/core/store';
import { StructBytes } from '../../src/core/struct/struct-bytes';
import { failureOf } from '../support/call-error';
import { HeldStore } from '../support/held-store';
import { type SessionServer, startSessionServer } from '../support/session-server';
import { until } from '../support/until';

let server: SessionServer | undefined;

/** Starts a server whose session reads call this function. */
async function startServer(
  readPage: EventStore['readPage'],
  defaultDeadlineMs = 10_000,
): Promise<SessionServer> {
  server = await startSessionServer(new HeldStore(readPage), { defaultDeadlineMs });
  return server;
}

afterEach(() => server?.close());

const never = (): Promise<never> => new Promise(() => undefined);

test('a call without a deadline ends at the server’s default deadline', async () => {
  const { client } = await startServer(never, 200);
  const startedAt = performance.now();
  const error = await failureOf(client.getSession({ sessionId: 'one' }, { deadline: Infinity }));
  expect(error).toMatchObject({
    code: Code.DEADLINE_EXCEEDED,
    info: { domain: 'conversation.v1', reason: 'DEADLINE_EXCEEDED' },
  });
  const ms = performance.now() - startedAt;
  expect(ms).toBeGreaterThanOrEqual(190);
  expect(ms).toBeLessThan(5000);
});

test('a call’s own deadline overrides the default', async () => {
  let remainingMs = NaN;
  const { client } = await startServer((_id, _range, context) => {
    remainingMs = context.remainingMs();
    return Promise.reject(storeUnavailable());
  }, 200);
  const error = await failureOf(client.getSession({ sessionId: 'one' }, { deadline: Date.now() + 15_000 }));
  expect(error).toMatchObject({ code: Code.UNAVAILABLE, retry: { retryDelay: { seconds: 1, nanos: 0 } } });
  expect(remainingMs).toBeGreaterThan(10_000);
  expect(remainingMs).toBeLessThanOrEqual(15_000);
});

test('when the client cancels a call, its work is cancelled', async () => {
  const cancellation = new AbortController();
  let context: RequestContext | undefined;
  const { client } = await startServer((_id, _range, callContext) => {
    context = callContext;
    cancellation.abort();
    return never();
  });
  const error = await failureOf(client.getSession({ sessionId: 'one' }, { signal: cancellation.signal }));
  expect(error.code).toBe(Code.CANCELLED);
  await until('the work is cancelled', () => (context?.cancelled === true ? true : undefined));
});

test('an unexpected error is INTERNAL, and its cause stays private', async () => {
  const { client } = await startServer(() => Promise.reject(new Error('secret')));
  const error = await failureOf(client.getSession({ sessionId: 'one' }));
  expect(error).toMatchObject({
    code: Code.INTERNAL,
    details: 'internal error',
    info: { domain: 'conversation.v1', reason: 'INTERNAL', metadata: {} },
  });
  expect(JSON.stringify(error.status)).not.toContain('secret');
});

test('an error that a handler throws synchronously is answered too', async () => {
  const { client } = await startServer(() => {
    throw sessionNotFound('one');
  });
  expect((await failureOf(client.getSession({ sessionId: 'one' }))).code).toBe(Code.NOT_FOUND);
});

test('a response that cannot be encoded is INTERNAL', async () => {
  const { client } = await startServer((sessionId) =>
    Promise.resolve({
      session: {
        rowId: new Uint8Array(12),
        sessionId: `${sessionId}\ud800`,
        status: 'active',
        language: 'en',
        metadata: StructBytes.EMPTY,
        startedAt: new Date(NaN),
        endedAt: undefined,
        endReason: '',
        eventCount: 0,
        lastEventAt: undefined,
        revision: 1,
      },
      events: [],
    }),
  );
  expect((await failureOf(client.getSession({ sessionId: 'one' }))).code).toBe(Code.INTERNAL);
});
