import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import { connect as connectTcp } from 'node:net';
import { text } from 'node:stream/consumers';
import { TLSSocket } from 'node:tls';
import { Authority, type Identity, SwappedFiles } from '../support/certificates';
import { HttpClient } from '../support/http-client';
import { Scrape } from '../support/scrape';
import { endServices, startService } from '../support/service-process';
import { until } from '../support/until';

afterEach(endServices);

const SESSION = JSON.stringify({ sessionId: 'session-1', language: 'en' });

describe('HTTP with tokens', () => {
  const hash = (token: string): string => createHash('sha256').update(token).digest('hex');
  const files = (...lines: string[]) => ({ tokens: `${lines.join('\n')}\n` });
  const reader = `${hash('reader')} read-only dashboard`;
  const writer = `${hash('writer')} read-write media`;

  async function start() {
    const tokens = new SwappedFiles(files(reader, writer));
    const { service, url } = await startService({ TOKENS_FILE: tokens.path('tokens') });
    const http = new HttpClient(url);
    const as = (token: string | undefined, path: string, body?: string) =>
      http.send(path, {
        ...(body === undefined ? {} : { method: 'POST', body }),
        headers: {
          'content-type': 'application/json',
          ...(token === undefined ? {} : { authorization: `bearer ${token}` }),
        },
      });
    return { service, http, as, tokens };
  }

  it('every route requires a token, and routes that change something require a read-write token', async () => {
    const { as } = await start();
    const missing = await as(undefined, '/sessions', SESSION);
    expect(missing).toMatchObject({
      status: 401,
      body: { statusCode: 401, message: expect.any(String) as string },
    });
    expect(missing.headers.get('www-authenticate')).toBe('Bearer');
    expect((await as('unknown', '/sessions/session-1')).status).toBe(401);
    expect(await as('reader', '/sessions', SESSION)).toMatchObject({
      status: 403,
      body: { statusCode: 403, message: expect.stringContaining('read-write') as string },
    });
    const event = JSON.stringify({ eventId: 'event-1', type: 'note' });
    expect((await as('writer', '/sessions', SESSION)).status).toBe(201);
    expect((await as('reader', '/sessions/session-1/events', event)).status).toBe(403);
    expect((await as('writer', '/sessions/session-1/events', event)).status).toBe(201);
    expect((await as('reader', '/sessions/session-1/complete', '{}')).status).toBe(403);
    expect((await as('reader', '/sessions/session-1')).status).toBe(200);
  });

  it('authentication precedes the validation of the request', async () => {
    const { as } = await start();
    expect((await as(undefined, '/sessions', '{"sessionId":')).status).toBe(401);
  });

  it('health and the API description need no token; metrics need a read-only one', async () => {
    const { as } = await start();
    for (const path of ['/livez', '/openapi.json', '/docs'])
      expect([path, (await as(undefined, path)).status]).toEqual([path, 200]);
    await until('it is ready', async () =>
      (await as(undefined, '/readyz')).status === 200 ? true : undefined,
    );
    expect((await as(undefined, '/metrics')).status).toBe(401);
    expect((await as('reader', '/metrics')).status).toBe(200);
  });

  it('a revoked token is rejected, and the log names callers but contains no tokens', async () => {
    const { service, as, tokens } = await start();
    expect((await as('reader', '/sessions/nobody')).status).toBe(404);
    tokens.replace(files(writer));
    await until('the token is revoked', async () =>
      (await as('reader', '/sessions/nobody')).status === 401 ? true : undefined,
    );
    expect(service.log.find(({ status }) => status === 404)).toMatchObject({ caller: 'dashboard' });
    expect(JSON.stringify(service.log)).not.toContain(hash('reader'));
    expect(JSON.stringify(service.log)).not.toContain('bearer');
  });
});

describe('HTTP with TLS', () => {
  /** Sends a GET request, and returns the response with the serial number of the server's certificate. */
  async function get(url: string, options: RequestOptions, path = '/livez') {
    const outgoing = request(`${url.replace('http:', 'https:')}${path}`, options);
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    const { socket } = response;
    if (!(socket instanceof TLSSocket)) throw new Error('the connection does not use TLS');
    const { serialNumber } = socket.getPeerCertificate();
    return { status: response.statusCode, body: await text(response), serialNumber };
  }

  const environment = (files: SwappedFiles) => ({
    TLS_CERT: files.path('tls.crt'),
    TLS_KEY: files.path('tls.key'),
  });
  const pair = ({ certificate, key }: Identity) => ({ 'tls.crt': certificate, 'tls.key': key });

  it('answers clients that trust its certificate, and none in plain text', async () => {
    const authority = new Authority('own');
    const { url } = await startService(environment(new SwappedFiles(pair(authority.issue('server')))));
    expect(await get(url, { ca: authority.certificate })).toMatchObject({ status: 200 });
    await expect(get(url, { ca: new Authority('other').certificate })).rejects.toThrow();
    await expect(fetch(`${url}/livez`)).rejects.toThrow();
  });

  it('with TLS_CLIENT_CA, answers only clients with a certificate of that authority', async () => {
    const authority = new Authority('own');
    const files = new SwappedFiles({ ...pair(authority.issue('server')), 'ca.crt': authority.certificate });
    const { url } = await startService({ ...environment(files), TLS_CLIENT_CA: files.path('ca.crt') });
    const ca = authority.certificate;
    const { certificate: cert, key } = authority.issue('client');
    expect(await get(url, { ca, cert, key })).toMatchObject({ status: 200 });
    await expect(get(url, { ca })).rejects.toThrow();
    const otherClient = new Authority('other').issue('client');
    await expect(get(url, { ca, cert: otherClient.certificate, key: otherClient.key })).rejects.toThrow();
  });

  it('closes a connection that does not finish the handshake', async () => {
    const authority = new Authority('own');
    const { url } = await startService(environment(new SwappedFiles(pair(authority.issue('server')))));
    const silent = connectTcp(Number(new URL(url).port), '127.0.0.1');
    silent.on('error', () => undefined).resume();
    const connectedAt = performance.now();
    await new Promise((resolve) => silent.once('close', resolve));
    expect(performance.now() - connectedAt).toBeGreaterThan(5_000);
  }, 20_000);

  it('presents a new certificate to new connections, and keeps old connections open', async () => {
    const authority = new Authority('own');
    const files = new SwappedFiles(pair(authority.issue('server')));
    const { url } = await startService(environment(files));
    const ca = authority.certificate;
    const kept = new Agent({ keepAlive: true, maxSockets: 1, ca });
    const before = await get(url, { agent: kept });
    files.replace(pair(authority.issue('server')));
    await until('the new certificate is presented', async () => {
      expect((await get(url, { agent: kept })).serialNumber).toBe(before.serialNumber);
      const fresh = await get(url, { ca, agent: false });
      return fresh.serialNumber === before.serialNumber ? undefined : true;
    });
    kept.destroy();
  });

  it('reports the expiry of the certificate as a metric, and warns if it has expired', async () => {
    const authority = new Authority('own');
    const valid = authority.issue('server');
    const files = new SwappedFiles(pair(valid));
    const { service, url } = await startService(environment(files));
    const expiryMetric = async () => {
      const { body } = await get(url, { rejectUnauthorized: false, agent: false }, '/metrics');
      return new Scrape(body).value('conversation_certificate_expiry_timestamp_seconds');
    };
    const end = ({ certificate }: Identity) => Date.parse(new X509Certificate(certificate).validTo) / 1000;
    expect(await expiryMetric()).toBe(end(valid));
    const expired = authority.issue('server', 0);
    files.replace(pair(expired));
    await until('the metric has the new expiry', async () =>
      (await expiryMetric()) === end(expired) ? true : undefined,
    );
    expect(service.log.filter(({ level }) => level === 40)).toMatchObject([
      {
        msg: expect.stringMatching(/^TLS_CERT .* expired at .* replace it with a new certificate/) as string,
      },
    ]);
  });
});
