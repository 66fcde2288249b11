import { once } from 'node:events';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { credentials } from '@grpc/grpc-js';
import { Authority, type Identity } from '../support/certificates';
import { connect, disconnect } from '../support/connect';
import { addedOf } from '../support/ingest-stream';
import { outcomesOf } from '../support/outcomes';
import type { RpcClient } from '../support/rpc-client';
import { endServices, type ServiceProcess, startService } from '../support/service-process';
import { tlsFiles } from '../support/tls-files';
import { until } from '../support/until';

afterEach(async () => {
  disconnect();
  await endServices();
});

const authorities = (): { own: Authority; other: Authority } => ({
  own: new Authority('own'),
  other: new Authority('other'),
});

function tlsClient(port: number, trusted: Authority, identity?: Identity): RpcClient {
  const { key = null, certificate = null } = identity ?? {};
  return connect(port, { credentials: credentials.createSsl(trusted.certificate, key, certificate) });
}

/** Returns the outcome of a call. */
async function outcomeOf(client: RpcClient): Promise<string | undefined> {
  const [outcome] = await outcomesOf([client.listSessions({}, { deadline: Date.now() + 5000 })]);
  return outcome;
}

/** Returns the serial number of the certificate that the server presents to a new connection. */
async function serialNumberOf(port: number): Promise<string> {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] });
  await once(socket, 'secureConnect');
  const { serialNumber } = socket.getPeerCertificate();
  socket.destroy();
  return serialNumber;
}

function logged(service: ServiceProcess, pattern: RegExp): Promise<Record<string, unknown>> {
  return until(`the log says ${pattern}`, () => service.log.find(({ msg }) => pattern.test(String(msg))));
}

describe('TLS', () => {
  it('answers clients that trust its certificate, and none in plain text', async () => {
    const { own, other } = authorities();
    const { environment } = tlsFiles(own.issue('server'));
    const { service, port } = await startService(environment);
    expect(await outcomeOf(tlsClient(port, own))).toBe('OK');
    expect(await outcomeOf(tlsClient(port, other))).toBe('UNAVAILABLE');
    expect(await outcomeOf(connect(port))).toBe('UNAVAILABLE');
    expect(service.log.find(({ msg }) => String(msg).startsWith('listening'))).toMatchObject({ tls: 'on' });
  });

  it.each([
    ['TLSv1.1', false],
    ['TLSv1.2', true],
    ['TLSv1.3', true],
  ] as const)('accepts %s: %s', async (version, accepted) => {
    const { environment } = tlsFiles(new Authority('own').issue('server'));
    const { port } = await startService(environment);
    const socket: TLSSocket = connectTls({
      ...{ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] },
      ...{ minVersion: version, maxVersion: version, ciphers: 'ALL@SECLEVEL=0' },
    });
    const protocol = await new Promise((resolve) => {
      socket.once('secureConnect', () => resolve(socket.getProtocol()));
      socket.once('error', () => resolve(undefined));
    });
    socket.destroy();
    expect(protocol).toBe(accepted ? version : undefined);
  });

  it('shuts down within the grace period while connections are open', async () => {
    const own = new Authority('own');
    const { service, port } = await startService(tlsFiles(own.issue('server')).environment);
    expect(await outcomeOf(tlsClient(port, own))).toBe('OK');
    service.signal('SIGTERM');
    const { code, stderr } = await service.exit;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });
});

describe('mutual TLS', () => {
  it('answers only clients with a certificate of the configured authority', async () => {
    const { own, other } = authorities();
    const { environment } = tlsFiles(own.issue('server'), own.certificate);
    const { service, port } = await startService(environment);
    expect(await outcomeOf(tlsClient(port, own, own.issue('client')))).toBe('OK');
    expect(await outcomeOf(tlsClient(port, own))).toBe('UNAVAILABLE');
    expect(await outcomeOf(tlsClient(port, own, other.issue('client')))).toBe('UNAVAILABLE');
    expect(service.log.find(({ msg }) => String(msg).startsWith('listening'))).toMatchObject({
      tls: 'mutual',
    });
  });

  it('switches to another authority without a restart', async () => {
    const { own, other } = authorities();
    const server = own.issue('server');
    const { files, environment } = tlsFiles(server, own.certificate);
    const { service, port } = await startService(environment);
    const otherClient = other.issue('client');
    expect(await outcomeOf(tlsClient(port, own, otherClient))).toBe('UNAVAILABLE');
    files.replace({ 'tls.crt': server.certificate, 'tls.key': server.key, 'ca.crt': other.certificate });
    await logged(service, /TLS_CLIENT_CA: the new content is in use/);
    expect(await outcomeOf(tlsClient(port, own, otherClient))).toBe('OK');
    expect(await outcomeOf(tlsClient(port, own, own.issue('client')))).toBe('UNAVAILABLE');
  });
});

describe('a change of the TLS files', () => {
  it('applies to new connections, while calls and streams continue without failures', async () => {
    const own = new Authority('own');
    const first = own.issue('server');
    const { files, environment } = tlsFiles(first);
    const { service, port } = await startService(environment);
    const serialBefore = await serialNumberOf(port);
    const client = tlsClient(port, own);
    await client.createSession({ sessionId: 'call-1' });
    const stream = client.ingestEvents();
    const outcomes: string[] = [];
    const changed = new AbortController();
    const calling = (async () => {
      for (let count = 1; !changed.signal.aborted || outcomes.length < 200; count += 1) {
        stream.send({ sessionId: 'call-1', eventId: `streamed-${count}` });
        outcomes.push(
          ...(await outcomesOf([client.addEvent({ sessionId: 'call-1', eventId: `added-${count}` })])),
        );
        // Also opens new connections meanwhile.
        if (count % 20 === 0) outcomes.push((await outcomeOf(tlsClient(port, own))) ?? '');
      }
      return outcomes.length;
    })();
    for (let change = 0; change < 2; change += 1) {
      const { certificate, key } = own.issue('server');
      files.replace({ 'tls.crt': certificate, 'tls.key': key });
      const before = service.log.length;
      await until('the change is logged', () =>
        service.log.slice(before).find(({ msg }) => /TLS_CERT, TLS_KEY: the new content/.test(String(msg))),
      );
    }
    const serialAfter = await serialNumberOf(port);
    changed.abort();
    await calling;
    const replies = await stream.finish();

    expect(serialAfter).not.toBe(serialBefore);
    expect(new Set(outcomes)).toEqual(new Set(['OK']));
    expect(replies.length).toBeGreaterThan(100);
    for (const reply of replies) expect(addedOf(reply).duplicate).toBe(false);
  });

  it('is rejected and logged once if unusable, and the previous content stays in use', async () => {
    const own = new Authority('own');
    const first = own.issue('server');
    const { files, environment } = tlsFiles(first);
    const { service, port } = await startService(environment);
    const serial = await serialNumberOf(port);
    files.replace({ 'tls.crt': first.certificate, 'tls.key': own.issue('server').key });
    const line = await logged(
      service,
      /^TLS_KEY .* does not match the certificate .*the previous content stays in use$/,
    );
    expect(line.level).toBe(50);
    expect(await serialNumberOf(port)).toBe(serial);

    files.replace({ 'tls.crt': first.certificate.subarray(0, 300), 'tls.key': first.key });
    await logged(service, /^TLS_CERT .* contains no readable certificate/);
    files.replace({ 'tls.key': first.key });
    await logged(service, /^TLS_CERT .* cannot be read \(ENOENT\)/);
    expect(await outcomeOf(tlsClient(port, own))).toBe('OK');

    const last = own.issue('server');
    files.replace({ 'tls.crt': last.certificate, 'tls.key': last.key });
    await logged(service, /the new content is in use/);
    expect(await serialNumberOf(port)).not.toBe(serial);
    expect(service.log.filter(({ level }) => level === 50)).toHaveLength(3);
  });
});
