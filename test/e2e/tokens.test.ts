import { connect as connectHttp2 } from 'node:http2';
import { Client, credentials } from '@grpc/grpc-js';
import type { SessionServiceService } from '../../generated/conversation/v1/session_service';
import { HealthCheckResponse } from '../../generated/grpc/health/v1/health';
import { failureOf } from '../support/call-error';
import { connect, disconnect } from '../support/connect';
import type { RpcClient } from '../support/rpc-client';
import { endServices } from '../support/service-process';
import { hash, READER, reasonOf, startWithTokens, WRITER } from '../support/service-with-tokens';
import { until } from '../support/until';

describe('Tokens', () => {
  afterEach(async () => {
    disconnect();
    await endServices();
  });

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
    for (const secret of [
      READER,
      WRITER,
      'unknown"',
      hash(READER),
      hash(WRITER),
      hash(WRITER).toUpperCase(),
    ]) {
      expect(stdout + stderr).not.toContain(secret);
    }
  });

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

  it('an unauthenticated call is rejected by its headers, before its request has arrived', async () => {
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

  it('the log names the token of a call, if the file gives it a name', async () => {
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
});
