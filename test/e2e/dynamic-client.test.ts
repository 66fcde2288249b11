import { resolve } from 'node:path';
import {
  type Client,
  credentials,
  loadPackageDefinition,
  type ServiceError,
  status as Code,
} from '@grpc/grpc-js';
import { load } from '@grpc/proto-loader';
import { endServices, startService } from '../support/service-process';

type Reply = Readonly<Record<string, unknown>>;
type DynamicMethod = (request: object, callback: (error: ServiceError | null, reply: Reply) => void) => void;

let client: Client;

describe('A client that loads the proto files at run time', () => {
  /** Creates a client from the proto files at run time, without generated code. */
  beforeAll(async () => {
    const { port } = await startService();
    const definition = await load('conversation/v1/session_service.proto', {
      includeDirs: [resolve(__dirname, '../../proto')],
      keepCase: true,
      longs: Number,
      enums: String,
      defaults: true,
      oneofs: true,
    });
    const method = definition['conversation.v1.SessionService'];
    if (method === undefined) throw new Error('the proto files define no conversation.v1.SessionService');
    const { conversation } = loadPackageDefinition(definition);
    const service = member(member(conversation, 'v1'), 'SessionService');
    if (typeof service !== 'function') throw new Error('the loaded package contains no client');
    const SessionService = service as new (address: string, security: unknown) => Client;
    client = new SessionService(`127.0.0.1:${port}`, credentials.createInsecure());
  });

  afterAll(async () => {
    client.close();
    await endServices();
  });

  function member(parent: unknown, name: string): unknown {
    if ((typeof parent !== 'object' && typeof parent !== 'function') || parent === null)
      throw new Error(`${name} not found`);
    return Reflect.get(parent, name);
  }

  function call(name: string, request: object): Promise<Reply> {
    const method = member(client, name) as DynamicMethod;
    return new Promise((resolveCall, reject) => {
      method.call(client, request, (error, reply) => {
        if (error) reject(error);
        else resolveCall(reply);
      });
    });
  }

  it('creates a session, adds an event, reads and completes the session', async () => {
    const metadata = { fields: { channel: { stringValue: 'phone' } } };
    const session_id = 'call-1';
    expect(await call('CreateSession', { session_id, language: 'en-US', metadata })).toMatchObject({
      session: { session_id, status: 'SESSION_STATUS_INITIATED', ended_at: null, event_count: 0 },
      created: true,
    });
    const payload = { fields: { text: { stringValue: 'hello' }, confidence: { numberValue: 0.97 } } };
    const event = { session_id, event_id: 'event-1', type: 'user_speech', payload };
    const added = await call('AddEvent', event);
    expect(added).toMatchObject({
      event: {
        event_id: 'event-1',
        sequence: 1,
        payload: { fields: { text: { stringValue: 'hello' }, confidence: { numberValue: 0.97 } } },
      },
      duplicate: false,
    });
    expect(await call('AddEvent', event)).toEqual({ ...added, duplicate: true });
    expect(await call('GetSession', { session_id })).toMatchObject({
      session: { event_count: 1, metadata: { fields: { channel: { stringValue: 'phone' } } } },
      events: [added.event],
      pagination: { offset: 0, limit: 50, total: 1, has_more: false },
    });
    expect(await call('CompleteSession', { session_id, end_reason: 'hang-up' })).toMatchObject({
      session: {
        status: 'SESSION_STATUS_COMPLETED',
        end_reason: 'hang-up',
        ended_at: expect.anything() as unknown,
      },
      already_completed: false,
    });
  });

  it('gets the error code and message for an unknown session', async () => {
    await expect(call('GetSession', { session_id: 'session-999' })).rejects.toMatchObject({
      code: Code.NOT_FOUND,
      details: 'Session with ID session-999 not found',
    });
  });
});
