import { status as Code } from '@grpc/grpc-js';
import { SessionStatus } from '../../generated/conversation/v1/session';
import {
  AddEventRequest,
  CreateSessionRequest,
  SessionServiceService,
} from '../../generated/conversation/v1/session_service';
import { failureOf } from '../support/call-error';
import { errorOf } from '../support/ingest-stream';
import { outcomesOf } from '../support/outcomes';
import { describeContract, newId, newSession } from './describe-contract';

const { SESSION_STATUS_UNSPECIFIED } = SessionStatus;
const { createSession, getSession, addEvent } = SessionServiceService;

const wholeRequest = (sessionId: string): Uint8Array =>
  CreateSessionRequest.encode({
    sessionId,
    language: 'en',
    status: SESSION_STATUS_UNSPECIFIED,
    metadata: { a: { b: ['text'] } },
  }).finish();

/** The request with these bytes after it. */
const followed =
  (...bytes: number[]) =>
  (request: Uint8Array): Buffer =>
    Buffer.concat([request, Buffer.from(bytes)]);

/** Field 1, a string, of these bytes. */
const id = (...bytes: number[]): Buffer => Buffer.from([0x0a, bytes.length, ...bytes]);

/** Those whose requests begin with the id of a session. */
const BY_ID = Object.entries(SessionServiceService)
  .filter(([name]) => !['listSessions', 'updateSession'].includes(name))
  .map(([, method]) => method);

describeContract('requests that do not decode', (service) => {
  test.each([
    { name: 'an id that is no UTF-8', from: () => id(0x61, 0xff, 0x62) },
    { name: 'an id with an overlong form', from: () => id(0xc0, 0x80) },
    { name: 'an id with half of a surrogate pair', from: () => id(0xed, 0xa0, 0x80) },
    { name: 'an id with a cut character', from: () => id(0x61, 0xf0, 0x9f, 0x93) },
  ])('$name is INVALID_ARGUMENT in each RPC', async ({ from }) => {
    for (const { path, requestStream } of BY_ID) {
      if (requestStream) continue;
      const error = await failureOf(service.client.sendBytes(path, from()));
      expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT, info: { reason: 'INVALID_REQUEST' } });
    }
  });

  test.each<{ name: string; from: (request: Uint8Array) => Uint8Array }>([
    { name: 'no proto at all', from: () => Buffer.from('{"sessionId":"one"}') },
    { name: 'a message that is cut', from: (request) => request.subarray(0, request.length - 3) },
    { name: 'a length beyond the end', from: () => Buffer.from([0x0a, 0x7f, 0x61]) },
    { name: 'a length of 4 GiB', from: () => Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]) },
    { name: 'a varint without an end', from: () => Buffer.alloc(11, 0xff) },
    { name: 'zeros after a message', from: followed(0, 0) },
    { name: 'one zero after a message', from: followed(0) },
    { name: 'a stray end of a group', from: followed(0x0c) },
    { name: 'a stray end of a group with more after it', from: followed(0x0c, 0x10, 0x01) },
    { name: 'a group without an end', from: followed(0x7b, 0x08, 0x01) },
    { name: 'an unknown wire type', from: followed(0x3e, 0x01) },
    { name: 'a tag alone', from: followed(0x0a) },
  ])('$name is INVALID_ARGUMENT in each RPC', async ({ from }) => {
    const sessionId = newId();
    const bytes = from(wholeRequest(sessionId));
    for (const { path, requestStream } of Object.values(SessionServiceService)) {
      if (requestStream) continue;
      const error = await failureOf(service.client.sendBytes(path, bytes));
      expect(error).toMatchObject({
        code: Code.INVALID_ARGUMENT,
        info: { domain: 'conversation.v1', reason: 'INVALID_REQUEST' },
      });
      expect(error.violations?.length).toBeGreaterThan(0);
    }
    const stream = service.client.ingestEvents();
    stream.sendBytes(bytes);
    const replies = await stream.finish();
    expect(replies).toHaveLength(1);
    expect(errorOf(replies[0]).code).toBe(Code.INVALID_ARGUMENT);
    expect((await failureOf(service.client.getSession({ sessionId }))).code).toBe(Code.NOT_FOUND);
  });

  test('text that is no UTF-8 inside a payload is INVALID_ARGUMENT, and nothing is stored', async () => {
    const sessionId = await newSession(service);
    const request = { sessionId, eventId: 'one', type: 't', payload: { key: 'MARK' } };
    for (const mark of ['MARK', 'key']) {
      const bytes = Buffer.from(AddEventRequest.encode(request).finish());
      bytes[bytes.indexOf(mark)] = 0xff;
      const error = await failureOf(service.client.sendBytes(addEvent.path, bytes));
      expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT, info: { reason: 'INVALID_REQUEST' } });
    }
    expect((await service.client.getSession({ sessionId })).pagination?.total).toBe(0);
  });

  test('every cut of a message ends as INVALID_ARGUMENT or as a shorter message, never as INTERNAL', async () => {
    const sessionId = newId();
    const request = {
      sessionId,
      language: 'en',
      status: SESSION_STATUS_UNSPECIFIED,
      metadata: { a: { b: ['text', 1, null] } },
    };
    const bytes = CreateSessionRequest.encode(request).finish();
    for (let length = 0; length < bytes.length; length += 1) {
      const cut = bytes.subarray(0, length);
      const [outcome] = await outcomesOf([service.client.sendBytes(createSession.path, cut)]);
      expect(['OK', 'INVALID_ARGUMENT']).toContain(outcome);
    }
  });

  test('fields of a later proto are passed over', async () => {
    const sessionId = newId();
    const request = { sessionId, language: 'en', status: SESSION_STATUS_UNSPECIFIED, metadata: undefined };
    const later = Buffer.from([0xfa, 0x3f, 0x03, 0x61, 0x62, 0x63, 0xf8, 0x3f, 0x2a]);
    const bytes = Buffer.concat([CreateSessionRequest.encode(request).finish(), later]);
    await service.client.sendBytes(createSession.path, bytes);
    expect((await service.client.getSession({ sessionId })).session?.sessionId).toBe(sessionId);
  });

  test('no bytes at all are a request whose fields are empty', async () => {
    const error = await failureOf(service.client.sendBytes(addEvent.path, Buffer.alloc(0)));
    expect(error.violations?.map(({ field }) => field)).toEqual(['session_id', 'event_id', 'type']);
  });

  test.each([
    { name: 'offset', bytes: [0x10, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40] },
    { name: 'negative offset', bytes: [0x10, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01] },
  ])('$name beyond 2^53 is INVALID_ARGUMENT', async ({ bytes }) => {
    const error = await failureOf(
      service.client.sendBytes(getSession.path, Buffer.concat([id(0x61), Buffer.from(bytes)])),
    );
    expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT, info: { reason: 'INVALID_REQUEST' } });
  });
});
