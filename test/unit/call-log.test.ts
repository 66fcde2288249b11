import { createHash } from 'node:crypto';
import { status as Code } from '@grpc/grpc-js';
import pino from 'pino';
import { sessionNotFound } from '../../src/core/errors';
import { ALLOW_ALL, type Authorizer } from '../../src/security/authorizer';
import { TokenAuthorizer } from '../../src/security/token-authorizer';
import { failureOf } from '../support/call-error';
import { HeldStore } from '../support/held-store';
import { errorOf } from '../support/ingest-stream';
import { RpcClient } from '../support/rpc-client';
import { type SessionServer, startSessionServer } from '../support/session-server';
import { until } from '../support/until';

const TOKEN = 'a-token';
const hash = createHash('sha256').update(TOKEN).digest('hex');

let store: HeldStore;
let server: SessionServer;
let log: Record<string, unknown>[];

async function start(authorizer: Authorizer, settings = {}): Promise<void> {
  store = new HeldStore();
  log = [];
  const write = (line: string): unknown => log.push(JSON.parse(line) as Record<string, unknown>);
  server = await startSessionServer(store, { authorizer, ...settings }, pino({ level: 'debug' }, { write }));
}

afterEach(() => server.close());

/** Waits until this many calls and failed stream requests are logged, and returns their lines. */
function callLines(count: number): Promise<Record<string, unknown>[]> {
  return until(`${count} lines are logged`, () => {
    const lines = log.filter(({ method }) => method !== undefined);
    return lines.length >= count ? lines : undefined;
  });
}

test('a stream is logged with its caller and the number of messages sent', async () => {
  await start(new TokenAuthorizer([{ hash, scope: 'write', name: 'media-server' }]));
  const client = new RpcClient(server.port, { authorization: `Bearer ${TOKEN}` });
  const stream = client.ingestEvents();
  stream.send({ sessionId: 'one', eventId: 'e1' });
  (await store.reached(1))[0]?.succeed();
  await stream.finish();
  client.close();
  expect(await callLines(1)).toMatchObject([
    { method: 'IngestEvents', code: 'OK', sent: 1, caller: 'media-server', msg: 'call' },
  ]);
});

test('a forbidden call is logged with its caller', async () => {
  await start(new TokenAuthorizer([{ hash, scope: 'read', name: 'dashboard' }]));
  const client = new RpcClient(server.port, { authorization: `Bearer ${TOKEN}` });
  const call = client.addEvent({ sessionId: 'one', eventId: 'e1' });
  expect((await failureOf(call)).code).toBe(Code.PERMISSION_DENIED);
  client.close();
  expect(await callLines(1)).toMatchObject([
    { method: 'AddEvent', code: 'PERMISSION_DENIED', reason: 'FORBIDDEN', caller: 'dashboard' },
  ]);
});

test('a call that is rejected as OVERLOADED is logged with its caller', async () => {
  await start(new TokenAuthorizer([{ hash, scope: 'write', name: 'media-server' }]), {
    maxInFlightRequests: 0,
  });
  const client = new RpcClient(server.port, { authorization: `Bearer ${TOKEN}` });
  const call = client.addEvent({ sessionId: 'one', eventId: 'e1' });
  expect((await failureOf(call)).code).toBe(Code.RESOURCE_EXHAUSTED);
  client.close();
  expect(await callLines(1)).toMatchObject([{ reason: 'OVERLOADED', caller: 'media-server' }]);
});

test('a failed request of a stream is logged and counted, and the stream continues', async () => {
  await start(ALLOW_ALL);
  const stream = server.client.ingestEvents();
  stream.send({ sessionId: 'one', eventId: '' });
  stream.send({ sessionId: 'unknown', eventId: 'e1' });
  stream.send({ sessionId: 'one', eventId: 'e2' });
  const [unknown, known] = await store.reached(2);
  unknown?.fail(sessionNotFound('unknown'));
  known?.succeed();
  const replies = await stream.finish();
  expect(replies.slice(0, 2).map((reply) => errorOf(reply).code)).toEqual([
    Code.INVALID_ARGUMENT,
    Code.NOT_FOUND,
  ]);
  expect(await callLines(3)).toMatchObject([
    { method: 'IngestEvents', code: 'INVALID_ARGUMENT', reason: 'INVALID_REQUEST', msg: 'request failed' },
    { method: 'IngestEvents', code: 'NOT_FOUND', reason: 'SESSION_NOT_FOUND', msg: 'request failed' },
    { method: 'IngestEvents', code: 'OK', sent: 3, msg: 'call' },
  ]);
  const metrics = await server.metrics.text();
  for (const code of ['InvalidArgument', 'NotFound'])
    expect(metrics).toMatch(
      new RegExp(`^conversation_stream_request_errors_total\\{.*grpc_code="${code}".*\\} 1$`, 'm'),
    );
  expect(metrics).toMatch(/^conversation_stream_request_errors_total\{.*grpc_code="Aborted".*\} 0$/m);
});

test('a stream whose client half-closes and disconnects before its replies is logged as cancelled', async () => {
  await start(ALLOW_ALL);
  const stream = server.client.ingestEvents();
  stream.send({ sessionId: 'one', eventId: 'e1' });
  stream.halfClose();
  const [append] = await store.reached(1);
  // A later call on the same connection is answered, so the half-close has arrived.
  await expect(server.client.getSession({ sessionId: 'one' })).rejects.toThrow('internal error');
  stream.cancel();
  await until('the append is dropped', () => (append?.context.cancelled === true ? true : undefined));
  store.release();
  const lines = await callLines(2);
  expect(lines.find(({ method }) => method === 'IngestEvents')).toMatchObject({
    ...{ code: 'CANCELLED', reason: 'CANCELLED', sent: 0 },
  });
});
