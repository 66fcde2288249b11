import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { status as Code } from '@grpc/grpc-js';
import { SessionStatus } from '../../../generated/conversation/v1/session';
import {
  AddEventRequest,
  CreateSessionRequest,
  SessionServiceService,
} from '../../../generated/conversation/v1/session_service';
import { failureOf } from '../../support/call-error';
import { errorOf } from '../../support/ingest-stream';
import { outcomesOf } from '../../support/outcomes';
import { describeContract, newId, newSession } from '../support/describe-contract';

const { SESSION_STATUS_UNSPECIFIED } = SessionStatus;
const { createSession, getSession, listEvents, addEvent } = SessionServiceService;

const wholeRequest = (sessionId: string): Uint8Array =>
  CreateSessionRequest.encode({
    sessionId,
    language: 'en',
    status: SESSION_STATUS_UNSPECIFIED,
    metadata: { a: { b: ['text'] } },
  }).finish();

/** Appends these bytes to a request. */
const appended =
  (...bytes: number[]) =>
  (request: Uint8Array): Buffer =>
    Buffer.concat([request, Buffer.from(bytes)]);

/** Encodes these bytes as field 1, a string. */
const id = (...bytes: number[]): Buffer => Buffer.from([0x0a, bytes.length, ...bytes]);

/** Methods whose field 1 is a session ID. */
const BY_ID = Object.entries(SessionServiceService)
  .filter(([name]) => !['listSessions', 'updateSession'].includes(name))
  .map(([, method]) => method);

describeContract('requests that cannot be decoded', (service) => {
  test.each([
    { name: 'an ID that is not UTF-8', from: () => id(0x61, 0xff, 0x62) },
    { name: 'an ID with an overlong encoding', from: () => id(0xc0, 0x80) },
    { name: 'an ID with an encoded surrogate', from: () => id(0xed, 0xa0, 0x80) },
    { name: 'an ID with a truncated character', from: () => id(0x61, 0xf0, 0x9f, 0x93) },
  ])('$name is INVALID_ARGUMENT in each RPC', async ({ from }) => {
    for (const { path, requestStream } of BY_ID) {
      if (requestStream) continue;
      const error = await failureOf(service.client.sendBytes(path, from()));
      expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT, info: { reason: 'INVALID_REQUEST' } });
    }
  });

  test.each<{ name: string; from: (request: Uint8Array) => Uint8Array }>([
    { name: 'text that is not protobuf', from: () => Buffer.from('{"sessionId":"one"}') },
    { name: 'a truncated message', from: (request) => request.subarray(0, request.length - 3) },
    { name: 'a length beyond the end', from: () => Buffer.from([0x0a, 0x7f, 0x61]) },
    { name: 'a length of 4 GiB', from: () => Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]) },
    { name: 'a varint without an end', from: () => Buffer.alloc(11, 0xff) },
    { name: 'zeros after a message', from: appended(0, 0) },
    { name: 'one zero after a message', from: appended(0) },
    { name: 'an end of a group without its start', from: appended(0x0c) },
    {
      name: 'an end of a group without its start, followed by another field',
      from: appended(0x0c, 0x10, 0x01),
    },
    { name: 'a group without an end', from: appended(0x7b, 0x08, 0x01) },
    { name: 'an unknown wire type', from: appended(0x3e, 0x01) },
    { name: 'a tag without a value', from: appended(0x0a) },
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

  test('a payload with text that is not UTF-8 is INVALID_ARGUMENT, and nothing is stored', async () => {
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

  test('a message truncated anywhere is INVALID_ARGUMENT or a shorter message, never INTERNAL', async () => {
    const sessionId = newId();
    const request = {
      sessionId,
      language: 'en',
      status: SESSION_STATUS_UNSPECIFIED,
      metadata: { a: { b: ['text', 1, null] } },
    };
    const bytes = CreateSessionRequest.encode(request).finish();
    for (let length = 0; length < bytes.length; length += 1) {
      const truncated = bytes.subarray(0, length);
      const [outcome] = await outcomesOf([service.client.sendBytes(createSession.path, truncated)]);
      expect(['OK', 'INVALID_ARGUMENT']).toContain(outcome);
    }
  });

  test('unknown fields, as newer clients may send, are ignored', async () => {
    const sessionId = newId();
    const request = { sessionId, language: 'en', status: SESSION_STATUS_UNSPECIFIED, metadata: undefined };
    const unknownFields = Buffer.from([0xfa, 0x3f, 0x03, 0x61, 0x62, 0x63, 0xf8, 0x3f, 0x2a]);
    const bytes = Buffer.concat([CreateSessionRequest.encode(request).finish(), unknownFields]);
    await service.client.sendBytes(createSession.path, bytes);
    expect((await service.client.getSession({ sessionId })).session?.sessionId).toBe(sessionId);
  });

  test('an empty message is a request with default values', async () => {
    const error = await failureOf(service.client.sendBytes(addEvent.path, Buffer.alloc(0)));
    expect(error.violations?.map(({ field }) => field)).toEqual(['session_id', 'event_id', 'type']);
  });

  test.each([2n ** 53n, 2n ** 62n, 2n ** 63n - 1n, -(2n ** 53n), -(2n ** 63n)])(
    'the number %d, beyond 2^53, is a violation of its field',
    async (number) => {
      const tagged = (field: number): Buffer =>
        Buffer.concat([
          id(0x61),
          Buffer.from(
            new BinaryWriter()
              .uint32(field << 3)
              .int64(number)
              .finish(),
          ),
        ]);
      const rest = Buffer.from([0x12, 0x01, 0x61, 0x1a, 0x01, 0x61]);
      const event = Buffer.concat([tagged(5), rest]);
      const rule = 'must be a whole number from 0 to 9007199254740991';
      for (const [path, bytes, field] of [
        [getSession.path, tagged(2), 'offset'],
        [listEvents.path, tagged(5), 'after_sequence'],
        [addEvent.path, event, 'expected_sequence'],
      ] as const) {
        const error = await failureOf(service.client.sendBytes(path, bytes));
        expect(error).toMatchObject({ code: Code.INVALID_ARGUMENT, info: { reason: 'INVALID_REQUEST' } });
        expect(error.violations).toEqual([{ field, description: rule }]);
      }
      const stream = service.client.ingestEvents();
      stream.sendBytes(Buffer.concat([Buffer.from([0x0a, event.length]), event]));
      const [reply] = await stream.finish();
      expect(errorOf(reply).message).toBe(`invalid request: event.expected_sequence ${rule}`);
    },
  );
});
