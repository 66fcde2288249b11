import { credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { SessionStatus } from '../../generated/conversation/v1/session';
import { SessionServiceClient } from '../../generated/conversation/v1/session_service';
import { connect, disconnect } from '../support/connect';
import { HttpClient } from '../support/http-client';
import { outcomesOf } from '../support/outcomes';
import { endServices, startService } from '../support/service-process';
import { type CollectedSpan, TraceCollector } from '../support/trace-collector';
import { until } from '../support/until';

const SERVER = 2;
const CLIENT = 3;
const ERROR = 2;

let collector: TraceCollector;

describe('Tracing', () => {
  beforeEach(async () => {
    collector = await TraceCollector.start();
  });

  afterEach(async () => {
    disconnect();
    await endServices();
    collector.stop();
  });

  function spans(name: string, count = 1): Promise<CollectedSpan[]> {
    return until(`${count} spans ${name} are exported`, () => {
      const found = collector.spans.filter((span) => span.name === name);
      return found.length >= count ? found : undefined;
    });
  }

  async function span(name: string): Promise<CollectedSpan> {
    const [first] = await spans(name);
    if (first === undefined) throw new Error(`no span ${name}`);
    return first;
  }

  test("a call's span belongs to the caller's trace, the store's span is its child, and both have the conversation ID", async () => {
    const { port } = await startService(collector.environment);
    const client = new SessionServiceClient(`127.0.0.1:${port}`, credentials.createInsecure());
    const metadata = new Metadata();
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    metadata.set('traceparent', `00-${traceId}-b7ad6b7169203331-01`);
    const request = {
      sessionId: 'call-1',
      language: 'en',
      status: SessionStatus.SESSION_STATUS_UNSPECIFIED,
      metadata: undefined,
    };
    await new Promise<void>((resolve, reject) => {
      client.createSession(request, metadata, (error: ServiceError | null) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
    client.close();

    const call = await span('conversation.v1.SessionService/CreateSession');
    expect(call).toMatchObject({ traceId, parentSpanId: 'b7ad6b7169203331', kind: SERVER });
    expect(call.attributes).toEqual({
      'rpc.system.name': 'grpc',
      'rpc.method': 'conversation.v1.SessionService/CreateSession',
      'rpc.status_code': 'OK',
      'gen_ai.conversation.id': 'call-1',
    });
    expect(call.resource).toMatchObject({ 'service.name': 'conversation-session-service' });
    const store = await span('store createSession');
    expect(store).toMatchObject({ traceId, parentSpanId: call.spanId, kind: CLIENT });
    expect(store.attributes).toEqual({
      'db.operation.name': 'createSession',
      'gen_ai.conversation.id': 'call-1',
    });
  });

  test('the span of a failed call has the reason, and the status ERROR only if the server is at fault', async () => {
    const { port } = await startService({ ...collector.environment, OTEL_SERVICE_NAME: 'sessions-eu' });
    expect(await outcomesOf([connect(port).getSession({ sessionId: 'nobody' })])).toEqual(['NOT_FOUND']);
    const call = await span('conversation.v1.SessionService/GetSession');
    expect(call.attributes).toMatchObject({
      'rpc.status_code': 'NOT_FOUND',
      'error.type': 'SESSION_NOT_FOUND',
    });
    expect(call.status.code ?? 0).toBe(0);
    expect(call.resource).toMatchObject({ 'service.name': 'sessions-eu' });
    const store = await span('store readSession');
    expect(store).toMatchObject({ parentSpanId: call.spanId, status: { code: ERROR } });
    expect(store.attributes).toMatchObject({ 'error.type': 'SESSION_NOT_FOUND' });
  });

  test('each event of a stream has a store span with its conversation ID', async () => {
    const { service, port } = await startService(collector.environment);
    const client = connect(port);
    for (const sessionId of ['call-1', 'call-2']) await client.createSession({ sessionId });
    const stream = client.ingestEvents();
    stream.send({ sessionId: 'call-1', eventId: 'event-1' });
    stream.send({ sessionId: 'call-2', eventId: 'event-1' });
    stream.send({ sessionId: 'call-1', eventId: 'event-2' });
    await until('all events are answered', () => (stream.replies.length === 3 ? true : undefined));
    stream.halfClose();
    await stream.end;
    // The remaining spans are exported before the process exits.
    service.signal('SIGTERM');
    await service.exit;
    const call = await span('conversation.v1.SessionService/IngestEvents');
    expect(call.attributes).not.toHaveProperty(['gen_ai.conversation.id']);
    const stored = await spans('store addEvents', 3);
    expect(stored.map(({ parentSpanId }) => parentSpanId)).toEqual(stored.map(() => call.spanId));
    expect(stored.map(({ attributes }) => attributes['gen_ai.conversation.id']).sort()).toEqual([
      'call-1',
      'call-1',
      'call-2',
    ]);
  });

  test("an HTTP request's span belongs to the caller's trace too, and probes create no spans", async () => {
    const { url } = await startService(collector.environment);
    const http = new HttpClient(url);
    for (const path of ['/livez', '/readyz', '/metrics']) await http.get(path);
    const traceId = '0af7651916cd43dd8448eb211c80319d';
    await http.send('/sessions', {
      method: 'POST',
      body: JSON.stringify({ sessionId: 'session-1', language: 'en' }),
      headers: { 'content-type': 'application/json', traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    });
    const request = await span('POST /sessions');
    expect(request).toMatchObject({ traceId, parentSpanId: 'b7ad6b7169203331', kind: SERVER });
    expect(request.attributes).toMatchObject({
      'http.request.method': 'POST',
      'http.route': '/sessions',
      'gen_ai.conversation.id': 'session-1',
    });
    expect(await span('store createSession')).toMatchObject({ traceId, parentSpanId: request.spanId });
    await http.get('/sessions/session-1');
    await span('GET /sessions/:sessionId');
    expect(collector.spans.filter(({ name }) => /livez|readyz|metrics/.test(name))).toEqual([]);
  });

  test('an unreachable collector does not affect calls or the shutdown', async () => {
    const { environment } = collector;
    collector.stop();
    const { service, port } = await startService(environment);
    await connect(port).createSession({ sessionId: 'call-1' });
    service.signal('SIGTERM');
    expect(await service.exit).toMatchObject({ code: 0, signal: null });
  });
});
