import { randomBytes } from 'node:crypto';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Client, credentials, Metadata, type ServiceError, status as Code } from '@grpc/grpc-js';
import { Authority, SwappedFiles } from '../support/certificates';
import { connect, disconnect } from '../support/connect';
import { outcomesOf } from '../support/outcomes';
import type { RpcClient } from '../support/rpc-client';
import { Scrape } from '../support/scrape';
import { endServices, type ServiceProcess, startService } from '../support/service-process';
import { until } from '../support/until';

const sockets: Socket[] = [];

describe('A listener', () => {
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    disconnect();
    await endServices();
  });

  interface RunningService {
    readonly service: ServiceProcess;
    readonly port: number;
    /** Opens a client with its own connection. */
    readonly client: () => RpcClient;
    /** The first bytes that a client sends, truncated. */
    readonly handshakeStart: Buffer;
  }

  /** Functions that start the service without and with TLS. */
  const TRANSPORTS = {
    async 'plain text'(environment: Readonly<Record<string, string>>): Promise<RunningService> {
      const { service, port } = await startService(environment);
      return {
        service,
        port,
        client: () => connect(port),
        handshakeStart: Buffer.from('PRI * HTTP/2.0\r\n'),
      };
    },
    async TLS(environment: Readonly<Record<string, string>>): Promise<RunningService> {
      const authority = new Authority('own');
      const { certificate, key } = authority.issue('server');
      const files = new SwappedFiles({ certificate, key });
      const tls = { TLS_CERT: files.path('certificate'), TLS_KEY: files.path('key') };
      const { service, port } = await startService({ ...tls, ...environment });
      const caller = { credentials: credentials.createSsl(authority.certificate) };
      return {
        service,
        port,
        client: () => connect(port, caller),
        handshakeStart: Buffer.from([22, 3, 1, 1, 0, 1]),
      };
    },
  };

  /** Opens a connection that sends these bytes, or none; `closed` resolves to the milliseconds until it closes. */
  function rawConnection(port: number, bytes?: Buffer | string): { socket: Socket; closed: Promise<number> } {
    return observeClose(connectTcp(port, '127.0.0.1'), bytes);
  }

  function observeClose(
    socket: Socket,
    bytes?: Buffer | string,
  ): { socket: Socket; closed: Promise<number> } {
    const startedAt = performance.now();
    sockets.push(socket);
    socket.on('error', () => undefined).resume();
    if (bytes !== undefined) socket.write(bytes);
    const closed = new Promise<number>((resolve) => {
      socket.once('close', () => resolve(performance.now() - startedAt));
    });
    return { socket, closed };
  }

  /** Returns the outcome of a call with a short deadline. */
  async function outcomeOf(client: RpcClient): Promise<string | undefined> {
    const [outcome] = await outcomesOf([client.listSessions({}, { deadline: Date.now() + 5000 })]);
    return outcome;
  }

  describe.each(Object.entries(TRANSPORTS))('over %s', (_, open) => {
    it('closes connections above the limit at once, and serves those below it', async () => {
      const { service, port, client } = await open({ MAX_CONNECTIONS: '3' });
      const accepted = [client(), client()];
      for (const one of accepted) expect(await outcomeOf(one)).toBe('OK');
      const idle = rawConnection(port);
      await until('it is connected', () => (idle.socket.readyState === 'open' ? true : undefined));

      for (let count = 0; count < 20; count += 1) expect(await rawConnection(port).closed).toBeLessThan(2000);
      const next = client();
      expect(await outcomeOf(next)).toBe('UNAVAILABLE');
      for (const one of accepted) expect(await outcomeOf(one)).toBe('OK');
      const warnings = service.log.filter(({ level }) => level === 40);
      expect(warnings).toEqual([
        expect.objectContaining({
          server: 'grpc',
          maxConnections: 3,
          refused: 1,
          msg: expect.stringMatching(/MAX_CONNECTIONS/) as string,
        }),
      ]);

      idle.socket.destroy();
      await until('another connection is accepted', async () =>
        (await outcomeOf(next)) === 'OK' ? true : undefined,
      );
    });

    it('closes connections that stay silent for some seconds, and no others', async () => {
      const { port, client, handshakeStart } = await open({});
      const calling = client();
      await calling.createSession({ sessionId: 'call-1' });
      const watch = calling.watchSession({ sessionId: 'call-1' });
      await watch.caughtUp();
      const silent = [rawConnection(port), rawConnection(port, handshakeStart)];
      for (const { closed } of silent) {
        const ms = await closed;
        expect(ms).toBeGreaterThan(5000);
        expect(ms).toBeLessThan(15_000);
      }
      await calling.addEvent({ sessionId: 'call-1', eventId: 'event-1' });
      await watch.reached(1);
      watch.cancel();
    });

    it('survives a flood of garbage, and does not log every connection', async () => {
      const { service, port, client } = await open({});
      const calling = client();
      const linesBefore = service.log.length;
      const garbage = [
        'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
        Buffer.concat([Buffer.from([22, 3, 1, 255]), randomBytes(500)]),
      ];
      const flood = Array.from({ length: 300 }, (_unused, index) =>
        rawConnection(port, garbage[index] ?? randomBytes(1 + (index % 700))),
      );
      for (let count = 0; count < 20; count += 1) expect(await outcomeOf(calling)).toBe('OK');
      for (const { socket } of flood) socket.destroy();
      expect(await outcomeOf(client())).toBe('OK');
      expect(service.log.length).toBe(linesBefore);
      service.signal('SIGTERM');
      const { code, stderr } = await service.exit;
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    });
  });

  it('counts open and refused connections', async () => {
    const { port, url } = await startService({ MAX_CONNECTIONS: '3' });
    const metric = async (name: string) => (await Scrape.of(url)).value(name, { server: 'grpc' });
    const connected = (count: number) =>
      until(`${count} connections are open`, async () =>
        (await metric('conversation_connections')) === count ? true : undefined,
      );
    await connected(0);

    const accepted = [rawConnection(port), rawConnection(port), rawConnection(port)];
    await connected(3);
    for (let count = 0; count < 5; count += 1) await rawConnection(port).closed;
    expect(await metric('conversation_connections_refused_total')).toBe(5);
    for (const { socket } of accepted) socket.destroy();
    await connected(0);
  });

  it('closes a connection that stays silent after its TLS handshake', async () => {
    const { port } = await TRANSPORTS.TLS({});
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] });
    const ms = await observeClose(socket).closed;
    expect(ms).toBeGreaterThan(5000);
    expect(ms).toBeLessThan(15_000);
  });

  it('rejects 1 MiB of metadata, and keeps serving that client and others', async () => {
    const { service, port } = await startService();
    const other = connect(port);
    expect(await outcomeOf(other)).toBe('OK');
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    const asIs = (bytes: Buffer): Buffer => bytes;
    const codeWith = (fields: number, bytes: number): Promise<Code> => {
      const metadata = new Metadata();
      for (let field = 0; field < fields; field += 1) metadata.set(`field-${field}`, 'x'.repeat(bytes));
      const options = { deadline: Date.now() + 5000 };
      const path = '/conversation.v1.SessionService/ListSessions';
      return new Promise((resolve) => {
        client.makeUnaryRequest(
          path,
          asIs,
          asIs,
          Buffer.alloc(0),
          metadata,
          options,
          (error: ServiceError | null) => resolve(error?.code ?? Code.OK),
        );
      });
    };
    try {
      expect(await codeWith(8, 4096)).toBe(Code.OK);
      for (const [fields, bytes] of [
        [1, 2 ** 20],
        [20, 50_000],
        [200, 10],
      ] as const) {
        expect([Code.INTERNAL, Code.RESOURCE_EXHAUSTED, Code.UNAVAILABLE]).toContain(
          await codeWith(fields, bytes),
        );
        await until('the client is served again', async () =>
          (await codeWith(1, 10)) === Code.OK ? true : undefined,
        );
      }
      expect(await outcomeOf(other)).toBe('OK');
      expect(service.memory('VmRSS')).toBeLessThan(400);
    } finally {
      client.close();
    }
  });
});
