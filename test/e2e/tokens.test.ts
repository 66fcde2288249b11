import { createHash } from 'node:crypto';
import { connect as connectHttp2 } from 'node:http2';
import { Client, credentials } from '@grpc/grpc-js';
import type { SessionServiceService } from '../../generated/conversation/v1/session_service';
import { HealthCheckResponse } from '../../generated/grpc/health/v1/health';
import { CallError, failureOf } from '../support/call-error';
import { SwappedFiles } from '../support/certificates';
import { connect, disconnect } from '../support/connect';
import type { RpcClient } from '../support/rpc-client';
import { endServices, runService, startService } from '../support/service-process';
import { until } from '../support/until';

afterEach(async () => {
  disconnect();
  await endServices();
});

const READER = 'reader-1c0ffee';
const WRITER = 'writer-5ca1ab1e';
const LATER = 'later-0ddba11';

const hash = (token: string): string => createHash('sha256').update(token).digest('hex');

const READER_LINE = `${hash(READER)} read-only dashboard`;
const WRITER_LINE = `${hash(WRITER).toUpperCase()} Read-Write`;

/** Starts the service with a token file that has a read-only and a read-write token. */
async function startWithTokens(environment: Readonly<Record<string, string>> = {}) {
  const files = new SwappedFiles({
    tokens: `# who may call\n\n${READER_LINE} # for graphs\n${WRITER_LINE}\n`,
  });
  const { service, port } = await startService({ TOKENS_FILE: files.path('tokens'), ...environment });
  const as = (token: string): RpcClient => connect(port, { authorization: `Bearer ${token}` });
  const rewrite = async (...lines: string[]): Promise<void> => {
    const before = service.log.length;
    files.replace({ tokens: lines.join('\n') });
    await until('the new content is in use', () =>
      service.log.slice(before).find(({ msg }) => /TOKENS_FILE: the new content is in use/.test(String(msg))),
    );
  };
  return { service, port, as, files, rewrite };
}

const sessionId = 'call-1';
const id = { sessionId };
const event = { ...id, eventId: 'event-1' };

/** For each method: whether a read-only token may call it, and a function that calls it. */
const METHODS: Readonly<
  Record<keyof typeof SessionServiceService, [boolean, (client: RpcClient) => Promise<unknown>]>
> = {
  createSession: [false, (client) => client.createSession(id)],
  getSession: [true, (client) => client.getSession(id)],
  completeSession: [false, (client) => client.completeSession(id)],
  addEvent: [false, (client) => client.addEvent(event)],
  batchAddEvents: [false, (client) => client.batchAddEvents({ sessionId, events: [event] })],
  ingestEvents: [false, (client) => client.ingestEvents().finish()],
  getEvent: [true, (client) => client.getEvent(event)],
  listEvents: [true, (client) => client.listEvents(id)],
  watchSession: [
    true,
    async (client) => {
      const watch = client.watchSession(id);
      await Promise.race([watch.caughtUp(), watch.end]);
      watch.cancel();
      const error = await watch.end;
      if (error !== undefined && error.details !== 'Cancelled on client') throw error;
    },
  ],
  listSessions: [true, (client) => client.listSessions()],
  updateSession: [false, (client) => client.updateSession({ ...id, language: 'de' }, ['language'])],
  deleteSession: [false, (client) => client.deleteSession('call-2')],
};

it('every method requires a token, and methods that change something require a read-write token', async () => {
  const { service, port, as } = await startWithTokens();
  const writer = as(WRITER);
  await writer.createSession(id);
  await writer.addEvent(event);
  await writer.createSession({ sessionId: 'call-2' });
  const reasons: Record<string, unknown[]> = {};
  for (const [name, [, call]] of Object.entries(METHODS)) {
    reasons[name] = [];
    for (const client of [connect(port), as('unknown'), as(READER), writer]) {
      reasons[name].push(await reasonOf(call(client)));
    }
  }
  const expected = Object.entries(METHODS).map(([name, [readable]]) => [
    name,
    ['UNAUTHENTICATED', 'UNAUTHENTICATED', readable ? 'OK' : 'FORBIDDEN', 'OK'],
  ]);
  expect(reasons).toEqual(Object.fromEntries(expected));
  // Neither tokens nor their hashes appear in the output.
  service.signal('SIGTERM');
  const { stdout, stderr } = await service.exit;
  for (const secret of [READER, WRITER, 'unknown"', hash(READER), hash(WRITER), hash(WRITER).toUpperCase()]) {
    expect(stdout + stderr).not.toContain(secret);
  }
});

/** Returns `OK`, or the reason of the failure. */
async function reasonOf(call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call;
    return 'OK';
  } catch (error) {
    if (error instanceof CallError) return error.info?.reason;
    throw error;
  }
}

it.each([
  [`bearer ${WRITER}`, 'OK'],
  [`BEARER  ${WRITER}`, 'OK'],
  [WRITER, 'UNAUTHENTICATED'],
  [`Basic ${WRITER}`, 'UNAUTHENTICATED'],
  [`Bearer ${WRITER} ${WRITER}`, 'UNAUTHENTICATED'],
  ['Bearer', 'UNAUTHENTICATED'],
  [`Bearer ${hash(WRITER)}`, 'UNAUTHENTICATED'],
  [`Bearer ${WRITER.slice(0, -1)}`, 'UNAUTHENTICATED'],
])('the header %j leads to %s', async (authorization, outcome) => {
  const { port } = await startWithTokens();
  expect(await reasonOf(connect(port, { authorization }).createSession(id))).toBe(outcome);
});

it('authentication errors say what to do, and have details like all errors', async () => {
  const { port, as } = await startWithTokens();
  expect(await failureOf(connect(port).getSession(id))).toMatchObject({
    code: 16,
    details: 'authentication required; send a token as "authorization: Bearer TOKEN"',
    info: { domain: 'conversation.v1', reason: 'UNAUTHENTICATED', metadata: {} },
  });
  expect(await failureOf(as(READER).createSession(id))).toMatchObject({
    code: 7,
    details: expect.stringContaining('read-write') as string,
    info: { domain: 'conversation.v1', reason: 'FORBIDDEN', metadata: {} },
  });
});

it('rejects an unauthenticated call by its headers, before the request has arrived', async () => {
  const { port } = await startWithTokens();
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  try {
    const begin = (rpc: string): Promise<unknown> => {
      const headers = { ':method': 'POST', ':path': `/conversation.v1.SessionService/${rpc}` };
      const stream = session.request({ ...headers, 'content-type': 'application/grpc', te: 'trailers' });
      // The start of a message of 4 MiB.
      stream.write(Buffer.concat([Buffer.from([0, 0, 63, 255, 255]), Buffer.alloc(100_000)]));
      return new Promise((resolve) => stream.once('response', (reply) => resolve(reply['grpc-status'])));
    };
    const rpcs = ['AddEvent', 'GetSession', 'WatchSession', 'IngestEvents'];
    expect(await Promise.all(rpcs.map(begin))).toEqual(rpcs.map(() => '16'));
  } finally {
    session.destroy();
  }
});

it('logs the name of the token from the file', async () => {
  const { service, as } = await startWithTokens({ LOG_LEVEL: 'debug' });
  await as(WRITER).createSession(id);
  await as(READER).getSession(id);
  const lines = await until('both calls are logged', () => {
    const calls = service.log.filter(({ method }) => method !== undefined);
    return calls.length >= 2 ? calls : undefined;
  });
  expect(lines.map(({ method, caller }) => [method, caller])).toEqual([
    ['CreateSession', undefined],
    ['GetSession', 'dashboard'],
  ]);
});

it('health and reflection need no token; REFLECTION=off disables reflection', async () => {
  for (const [environment, reflects] of [
    [{}, true],
    [{ REFLECTION: 'off' }, false],
  ] as const) {
    const { port } = await startWithTokens(environment);
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    const asIs = (bytes: Buffer): Buffer => bytes;
    const health = await until('it is SERVING', () =>
      new Promise<number | undefined>((resolve, reject) => {
        client.makeUnaryRequest(
          '/grpc.health.v1.Health/Check',
          asIs,
          asIs,
          Buffer.alloc(0),
          (error, reply) => {
            if (error !== null) reject(error);
            else resolve(HealthCheckResponse.decode(reply ?? Buffer.alloc(0)).status || undefined);
          },
        );
      }).then((status) => (status === 1 ? status : undefined)),
    );
    expect(health).toBe(1);
    const code = await new Promise((resolve) => {
      const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo';
      const call = client.makeBidiStreamRequest(path, asIs, asIs);
      call.on('data', () => undefined);
      call.on('error', () => undefined);
      call.on('status', (status) => resolve(status.code));
      call.end();
    });
    client.close();
    expect(code).toBe(reflects ? 0 : 12);
  }
});

describe('a change of the file', () => {
  it('accepts new tokens and rejects removed ones', async () => {
    const { as, rewrite } = await startWithTokens();
    const [reader, later] = [as(READER), as(LATER)];
    await as(WRITER).createSession(id);
    expect(await reasonOf(later.getSession(id))).toBe('UNAUTHENTICATED');
    await rewrite(WRITER_LINE, `${hash(LATER)} read-only`);
    expect(await reasonOf(later.getSession(id))).toBe('OK');
    expect(await reasonOf(reader.getSession(id))).toBe('UNAUTHENTICATED');
    await rewrite(WRITER_LINE, `${hash(LATER)} read-write`);
    expect(await reasonOf(later.addEvent(event))).toBe('OK');
  });

  it('ends only the streams of the revoked token, and finishes their requests in progress first', async () => {
    const { as, rewrite } = await startWithTokens();
    const writer = as(WRITER);
    await writer.createSession(id);
    const revoked = { watch: as(READER).watchSession(id), ingest: as(LATER).ingestEvents() };
    expect((await revoked.ingest.end)?.info?.reason).toBe('UNAUTHENTICATED');
    await revoked.watch.caughtUp();
    await rewrite(READER_LINE, WRITER_LINE, `${hash(LATER)} read-write`);
    const ending = as(LATER).ingestEvents();
    const kept = { watch: writer.watchSession(id), ingest: writer.ingestEvents() };
    await kept.watch.caughtUp();
    kept.ingest.send(event);
    await kept.ingest.received(1);
    ending.send({ ...event, eventId: 'event-2' });
    await ending.received(1);

    await rewrite(WRITER_LINE);
    expect(await revoked.watch.end).toMatchObject({ code: 16, info: { reason: 'UNAUTHENTICATED' } });
    expect(await ending.end).toMatchObject({ code: 16, info: { reason: 'UNAUTHENTICATED' } });
    expect(revoked.watch.events.map(({ eventId }) => eventId)).toEqual(['event-1', 'event-2']);

    kept.ingest.send({ ...event, eventId: 'event-3' });
    expect(await kept.ingest.finish()).toHaveLength(2);
    await kept.watch.reached(3);
    kept.watch.cancel();
  });

  it.each([
    ['a malformed line', `${READER_LINE}\nwriter-5ca1ab1e read-write\n`, /line 2: must be the SHA-256/],
    ['no token', '# nobody\n', /contains no token/],
  ])('with %s is logged, and the previous tokens stay valid', async (_, content, pattern) => {
    const { service, as, files } = await startWithTokens();
    const client = as(WRITER);
    await client.createSession(id);
    files.replace({ tokens: content });
    const line = await until('the problem is logged', () =>
      service.log.find(({ msg }) => pattern.test(String(msg))),
    );
    expect(line).toMatchObject({
      level: 50,
      msg: expect.stringMatching(/the previous content stays in use$/) as string,
    });
    expect(await reasonOf(client.getSession(id))).toBe('OK');
    expect(JSON.stringify(service.log)).not.toContain(WRITER);
  });
});

it.each([
  [
    'tokens',
    /^TOKENS_FILE \S+, line 1: must be the SHA-256 of a token as 64 hex digits, then read-only or read-write/,
  ],
  [`${hash('x')} read-write a name\n`, /^TOKENS_FILE \S+, line 1: must be/],
  [`${READER_LINE}\n\n${hash(READER)} read-write\n`, /^TOKENS_FILE \S+, line 3: line 1 has the same token/],
  ['', /^TOKENS_FILE \S+ contains no token, so every call would be rejected/],
])('the service does not start with the token file %j', async (tokens, pattern) => {
  const files = new SwappedFiles({ tokens });
  const { code, stderr } = await runService({
    environment: { GRPC_PORT: '0', TOKENS_FILE: files.path('tokens') },
  });
  expect(code).toBe(1);
  expect(stderr).toMatch(pattern);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
});

it('the service does not start if the token file is missing', async () => {
  const { code, stderr } = await runService({
    environment: { GRPC_PORT: '0', TOKENS_FILE: '/nowhere/tokens' },
  });
  expect({ code, stderr }).toEqual({
    code: 1,
    stderr: 'TOKENS_FILE /nowhere/tokens cannot be read (ENOENT): use a file that this user can read\n',
  });
});
