import { connect, constants, type IncomingHttpHeaders } from 'node:http2';
import { status as Code } from '@grpc/grpc-js';
import { GetSessionRequest, SessionServiceService } from '../../generated/conversation/v1/session_service';
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

test('a call whose request ends after its deadline does not hold up a shutdown', async () => {
  const running = await startServer(never);
  const session = connect(`http://127.0.0.1:${running.port}`);
  const call = session.request({
    ...{ ':method': 'POST', ':path': SessionServiceService.getSession.path },
    ...{ 'content-type': 'application/grpc', te: 'trailers', 'grpc-timeout': '20m' },
  });
  const request = GetSessionRequest.encode({ sessionId: 'one', offset: 0, limit: 0 }).finish();
  const header = Buffer.alloc(5);
  header.writeUInt32BE(request.length, 1);
  call.write(Buffer.concat([header, request]));
  // The library answers at the deadline, though the request has not ended.
  const headers = await new Promise<IncomingHttpHeaders>((resolve) => call.once('response', resolve));
  expect(headers['grpc-status']).toBe(String(Code.DEADLINE_EXCEEDED));
  call.close(constants.NGHTTP2_CANCEL);
  session.destroy();
  await until('the handler has been called', async () =>
    /^grpc_server_started_total\{.*"GetSession"\} 1$/m.test(await running.metrics.text()) ? true : undefined,
  );
  const startedAt = performance.now();
  await running.stop();
  expect(performance.now() - startedAt).toBeLessThan(2500);
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
        changedAt: new Date(),
        endedAt: undefined,
        endReason: '',
        eventCount: 0,
        lastEventAt: undefined,
        revision: 1,
      },
      events: [],
      examinedTo: 0,
    }),
  );
  expect((await failureOf(client.getSession({ sessionId: 'one' }))).code).toBe(Code.INTERNAL);
});
