import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { InFlightBudget } from '../../src/calls/in-flight-budget';
import type { HttpSettings } from '../../src/http/server';
import type { RequestContext } from '../../src/core/request-context';
import { storageFull, storeUnavailable } from '../../src/core/errors';
import { packageRoot } from '../../src/package-root';
import { HeldStore } from '../support/held-store';
import { HttpClient } from '../support/http-client';
import { type RunningHttpServer, startHttpServer } from '../support/http-server';
import { endServices, startService, temporaryFolder } from '../support/service-process';
import { until } from '../support/until';

const EVENT = { eventId: 'event-1', type: 'note' };
const PATH = '/sessions/session-1/events';

afterEach(endServices);

/** Rejects if the description is not valid OpenAPI. */
async function validateApi(description: unknown): Promise<void> {
  const file = join(temporaryFolder(), 'openapi.json');
  writeFileSync(file, JSON.stringify(description));
  const validator = join(packageRoot(), 'node_modules', '.bin', 'validate-api');
  await promisify(execFile)(validator, [file]);
}

describe('HTTP', () => {
  it('serves liveness, readiness, metrics, and its OpenAPI description', async () => {
    const { url } = await startService();
    const http = new HttpClient(url);
    expect(await http.get('/livez')).toMatchObject({ status: 200, body: { status: 'ok' } });
    await until('it is ready', async () => ((await http.get('/readyz')).status === 200 ? true : undefined));
    expect((await http.get('/metrics')).headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const { body } = await http.get('/openapi.json');
    await validateApi(body);
    const { openapi, paths } = body as { openapi: string; paths: Record<string, object> };
    expect(openapi).toBe('3.1.0');
    expect(
      Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((m) => `${m} ${path}`)),
    ).toEqual([
      'post /sessions',
      'get /sessions/{sessionId}',
      'post /sessions/{sessionId}/complete',
      'post /sessions/{sessionId}/events',
    ]);
  });

  it('serves interactive API documentation with all its assets', async () => {
    const { url } = await startService();
    const found = await fetch(`${url}/docs`);
    // Without TLS, a browser that upgrades requests could not load the assets.
    expect(found.headers.get('content-security-policy')).not.toContain('upgrade-insecure-requests');
    const page = await found.text();
    const assets = [...page.matchAll(/(?:href|src)="(\.?\/[^"]+)"/g)].map(([, path]) => path ?? '');
    expect(assets.length).toBeGreaterThan(3);
    for (const asset of assets) {
      const response = await fetch(new URL(asset, `${url}/docs/`));
      expect([asset, response.status]).toEqual([asset, 200]);
    }
  });

  it('is live but not ready without its database', async () => {
    const { url } = await startService({ MONGODB_URI: 'mongodb://127.0.0.1:1/none' });
    const http = new HttpClient(url);
    expect(await http.get('/readyz')).toMatchObject({ status: 503, body: { status: 'unavailable' } });
    expect(await http.get('/livez')).toMatchObject({ status: 200 });
    const rejected = await http.get('/sessions/session-1');
    expect(rejected).toMatchObject({
      status: 503,
      body: { statusCode: 503, message: expect.any(String) as string },
    });
    expect(rejected.headers.get('retry-after')).toBe('1');
  });

  it('logs failed requests without their bodies', async () => {
    const { service, url } = await startService();
    const http = new HttpClient(url);
    await http.post('/sessions', '{"sessionId": my card number is 4929}');
    await http.post(PATH, EVENT);
    service.signal('SIGTERM');
    const { stdout } = await service.exit;
    const lines = service.log.filter(({ method }) => method !== undefined);
    expect(lines).toMatchObject([
      { method: 'POST /sessions', status: 400, reason: 'INVALID_REQUEST' },
      { method: 'POST /sessions/:sessionId/events', status: 404, reason: 'SESSION_NOT_FOUND' },
    ]);
    expect(stdout).not.toContain('4929');
  });
});

describe('HTTP on a server with a slow store', () => {
  let store: HeldStore;
  let running: RunningHttpServer;

  async function start(settings: Partial<HttpSettings> = {}, budget?: InFlightBudget): Promise<HttpClient> {
    store = new HeldStore();
    running = await startHttpServer(store, settings, budget);
    return running.client;
  }

  const held = (count = 1) =>
    until(`${count} appends are held`, () => (store.appends.length >= count ? store.appends : undefined));

  afterEach(() => running.server.close(0));

  it('answers 504 at the deadline', async () => {
    const http = await start({ defaultDeadlineMs: 50 });
    expect(await http.post(PATH, EVENT)).toMatchObject({ status: 504, body: { statusCode: 504 } });
  });

  it('cancels the store operation when the client disconnects', async () => {
    const http = await start();
    const cancellation = new AbortController();
    const request = http.send(PATH, {
      method: 'POST',
      body: JSON.stringify(EVENT),
      headers: { 'content-type': 'application/json' },
      signal: cancellation.signal,
    });
    const [append] = await held();
    cancellation.abort();
    await expect(request).rejects.toThrow();
    const context: RequestContext | undefined = append?.context;
    await until('the operation is cancelled', () => (context?.cancelled === true ? true : undefined));
  });

  it('releases a pipelined request whose connection closes before its turn', async () => {
    const budget = new InFlightBudget(10, 1024 * 1024);
    await start({}, budget);
    const body = JSON.stringify(EVENT);
    const headers = `host: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n`;
    const request = `POST ${PATH} HTTP/1.1\r\n${headers}\r\n${body}`;
    const socket = connectTcp(running.port, '127.0.0.1');
    socket.write(request.repeat(2));
    await until('both are in flight', () => (budget.inFlightRequests === 2 ? true : undefined));
    socket.destroy();
    await until('both are released', () => (budget.inFlightRequests === 0 ? true : undefined));
    expect(budget.inFlightBytes).toBe(0);
  });

  it('rejects requests above the limit with 429, and accepts new ones after others are answered', async () => {
    const http = await start({}, new InFlightBudget(1, 1024 * 1024));
    const first = http.post(PATH, EVENT);
    const [append] = await held();
    const rejected = await http.post(PATH, { ...EVENT, eventId: 'event-2' });
    expect(rejected).toMatchObject({
      status: 429,
      body: { statusCode: 429, message: expect.any(String) as string },
    });
    expect(rejected.headers.get('retry-after')).toBe('1');
    append?.succeed();
    expect((await first).status).toBe(201);
    const next = http.post(PATH, { ...EVENT, eventId: 'event-3' });
    (await held(2)).at(-1)?.succeed();
    expect((await next).status).toBe(201);
  });

  it.each([
    ['a full disk', storageFull(), 507],
    ['an unavailable store', storeUnavailable(), 503],
    ['an unexpected error', new Error('secret'), 500],
  ])('maps %s to its HTTP status', async (_, error, status) => {
    const http = await start();
    const request = http.post(PATH, EVENT);
    const [append] = await held();
    append?.fail(error);
    const reply = await request;
    expect(reply).toMatchObject({ status, body: { statusCode: status } });
    expect(JSON.stringify(reply.body)).not.toContain('secret');
  });

  it('answers requests in flight during a shutdown', async () => {
    const http = await start();
    const request = http.post(PATH, EVENT);
    const [append] = await held();
    const closed = running.server.close(5000);
    append?.succeed();
    expect((await request).status).toBe(201);
    await closed;
  });

  it('aborts requests in flight at the end of the grace period', async () => {
    const http = await start();
    const request = http.post(PATH, EVENT);
    const outcome = request.then(
      () => 'answered',
      () => 'aborted',
    );
    await held();
    await running.server.close(50);
    expect(await outcome).toBe('aborted');
  });
});

describe('HTTP connections with malformed, slow or too many requests', () => {
  let running: RunningHttpServer;

  beforeEach(async () => {
    running = await startHttpServer(new HeldStore(), { maxConnections: 3 });
  });

  afterEach(() => running.server.close(0));

  /** Sends this text, and returns what the server replies until it closes the connection. */
  async function send(text: string): Promise<string> {
    const socket = connectTcp(Number(new URL(running.client.url).port), '127.0.0.1');
    socket.write(text);
    let reply = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (reply += chunk));
    // A connection above the limit may be reset.
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('close', resolve));
    return reply;
  }

  it.each([
    ['garbage\r\n\r\n', 400],
    [`GET / HTTP/1.1\r\nhost: x\r\nlarge: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ])('malformed HTTP gets an error in JSON, and the connection is closed', async (text, status) => {
    const reply = await send(text);
    const [head, body] = reply.split('\r\n\r\n');
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(JSON.parse(body ?? '')).toMatchObject({ statusCode: status });
  });

  it('headers that take too long get 408', async () => {
    expect(await send('GET /livez HTTP/1.1\r\nhost: x\r\n')).toMatch(/^HTTP\/1.1 408 /);
  }, 20_000);

  it('connections above the limit are closed, and those below it are served', async () => {
    const sockets = Array.from({ length: 3 }, () =>
      connectTcp(Number(new URL(running.client.url).port), '127.0.0.1'),
    );
    await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
    expect(await send('GET /livez HTTP/1.1\r\nhost: x\r\n\r\n')).toBe('');
    for (const socket of sockets) {
      socket.write('GET /metrics HTTP/1.1\r\nhost: x\r\n\r\n');
      const [reply] = (await once(socket, 'data')) as [Buffer];
      expect(reply.toString()).toMatch(/^HTTP\/1.1 200 /);
      expect(reply.toString()).toContain('conversation_connections{server="http"} 3\n');
      expect(reply.toString()).toContain('conversation_connections_refused_total{server="http"} 1\n');
    }
    for (const socket of sockets) socket.destroy();
  });
});
