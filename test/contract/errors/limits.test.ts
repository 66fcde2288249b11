import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { status as Code } from '@grpc/grpc-js';
import { SessionStatus } from '../../../generated/conversation/v1/session';
import {
  AddEventRequest,
  CreateSessionRequest,
  SessionServiceService,
} from '../../../generated/conversation/v1/session_service';
import { failureOf, invalidFieldsOf } from '../../support/call-error';
import { describeContract, newId, newSession } from '../support/describe-contract';
import { encodedStructOfLevels, structOfLevels, structOfSize } from '../support/struct-of-size';

/** Returns a text of exactly this many bytes that ends with four-byte characters. */
function textOfBytes(bytes: number): string {
  const start = newId();
  const wide = Math.floor((bytes - start.length) / 4);
  return start + 'x'.repeat(bytes - start.length - 4 * wide) + '\u{1f4de}'.repeat(wide);
}

/** Encodes a length-delimited field of a message. */
function delimited(field: number, bytes: Uint8Array): Uint8Array {
  return new BinaryWriter().tag(field, WireType.LengthDelimited).bytes(bytes).finish();
}

const KIB = 1024;
const MIB = 1024 * KIB;

const { createSession, addEvent } = SessionServiceService;

const CONTROL_CHARACTERS = [
  '\0',
  '\u0001',
  '\t',
  '\n',
  '\r',
  '\u001f',
  '\u007f',
  '\u0080',
  '\u0085',
  '\u009f',
];

describeContract('limits', (service) => {
  test('IDs of 256 bytes are accepted, including multi-byte characters', async () => {
    const [sessionId, eventId] = [textOfBytes(256), textOfBytes(256)];
    await service.client.createSession({ sessionId });
    await service.client.addEvent({ sessionId, eventId });
    const { session, events } = await service.other.getSession({ sessionId });
    expect({ sessionId: session?.sessionId, eventId: events[0]?.eventId }).toEqual({ sessionId, eventId });
    expect((await service.other.addEvent({ sessionId, eventId })).duplicate).toBe(true);
  });

  test.each(['', textOfBytes(257), textOfBytes(100_000)])(
    'IDs of 0 and of more than 256 bytes are rejected',
    async (id) => {
      const sessionId = await newSession(service);
      const { client } = service;
      expect(await invalidFieldsOf(client.createSession({ sessionId: id }))).toEqual(['session_id']);
      expect(await invalidFieldsOf(client.getSession({ sessionId: id }))).toEqual(['session_id']);
      expect(await invalidFieldsOf(client.completeSession({ sessionId: id }))).toEqual(['session_id']);
      expect(await invalidFieldsOf(client.addEvent({ sessionId: id, eventId: 'e' }))).toEqual(['session_id']);
      expect(await invalidFieldsOf(client.addEvent({ sessionId, eventId: id }))).toEqual(['event_id']);
    },
  );

  test('IDs and types of one byte are accepted', async () => {
    const sessionId = await newSession(service);
    const { event } = await service.client.addEvent({ sessionId, eventId: ' ', type: '.' });
    expect(event).toMatchObject({ eventId: ' ', type: '.' });
    await service.client.createSession({ sessionId: '~' });
    expect((await service.other.getSession({ sessionId: '~' })).session?.sessionId).toBe('~');
  });

  test.each(CONTROL_CHARACTERS)(
    'the control character %j is rejected in IDs and types',
    async (character) => {
      const sessionId = await newSession(service);
      const text = `a${character}b`;
      const { client } = service;
      expect(await invalidFieldsOf(client.createSession({ sessionId: text }))).toEqual(['session_id']);
      expect(await invalidFieldsOf(client.getSession({ sessionId: text }))).toEqual(['session_id']);
      expect(await invalidFieldsOf(client.addEvent({ sessionId, eventId: text, type: text }))).toEqual([
        'event_id',
        'type',
      ]);
    },
  );

  test.each(['\u00a0', '\u200b', '\u2028', '\ufeff', '\ufffd', '$', '.', '/', '\\', '"', '\u{10ffff}'])(
    'the character %j is accepted in IDs and types',
    async (character) => {
      const sessionId = `${newId()}${character}`;
      const names = { eventId: character, type: `${character}x` };
      expect((await service.client.createSession({ sessionId })).session?.sessionId).toBe(sessionId);
      await service.client.addEvent({ sessionId, ...names });
      const { session, events } = await service.other.getSession({ sessionId });
      expect(session?.sessionId).toBe(sessionId);
      expect(events[0]).toMatchObject(names);
    },
  );

  test('a type has 1 to 128 bytes', async () => {
    const sessionId = await newSession(service);
    const type = textOfBytes(128);
    const { event } = await service.client.addEvent({ sessionId, eventId: 'one', type });
    expect(event?.type).toBe(type);
    for (const bad of ['', textOfBytes(129)]) {
      const call = service.client.addEvent({ sessionId, eventId: 'two', type: bad });
      expect(await invalidFieldsOf(call)).toEqual(['type']);
    }
  });

  test('an end_reason has at most 256 bytes', async () => {
    const sessionId = await newSession(service);
    const call = service.client.completeSession({ sessionId, endReason: textOfBytes(257) });
    expect(await invalidFieldsOf(call)).toEqual(['end_reason']);
    const endReason = textOfBytes(256);
    const { session } = await service.client.completeSession({ sessionId, endReason });
    expect(session?.endReason).toBe(endReason);
  });

  test('a payload has at most 3 MiB in the protobuf encoding', async () => {
    const sessionId = await newSession(service);
    const payload = structOfSize(3 * MIB);
    const { event } = await service.client.addEvent({ sessionId, eventId: 'full', payload });
    expect(event?.payload).toEqual(payload);
    const over = structOfSize(3 * MIB + 1);
    const call = service.client.addEvent({ sessionId, eventId: 'over', payload: over });
    expect(await invalidFieldsOf(call)).toEqual(['payload']);
  });

  test('metadata has at most 256 KiB in the protobuf encoding', async () => {
    const sessionId = newId();
    const over = structOfSize(256 * KIB + 1);
    const call = service.client.createSession({ sessionId, metadata: over });
    expect(await invalidFieldsOf(call)).toEqual(['metadata']);
    const metadata = structOfSize(256 * KIB);
    const { session, created } = await service.client.createSession({ sessionId, metadata });
    expect(created).toBe(true);
    expect(session?.metadata).toEqual(metadata);
  });

  test('32 levels are accepted', async () => {
    const sessionId = newId();
    const nested = structOfLevels(32);
    await service.client.createSession({ sessionId, metadata: nested });
    await service.client.addEvent({ sessionId, eventId: 'one', payload: nested });
    const { session, events } = await service.other.getSession({ sessionId });
    expect(session?.metadata).toEqual(nested);
    expect(events[0]?.payload).toEqual(nested);
  });

  test('the test helper encodes 32 levels correctly', () => {
    const payload = structOfLevels(32);
    const request = { sessionId: '', eventId: '', type: '', payload };
    expect(AddEventRequest.decode(delimited(4, encodedStructOfLevels(32)))).toEqual(request);
  });

  test.each([33, 34, 50, 90, 99, 100, 101, 200, 5000])('%d levels are rejected', async (levels) => {
    const sessionId = await newSession(service);
    const nested = delimited(4, encodedStructOfLevels(levels));
    const add = AddEventRequest.encode({ sessionId, eventId: 'one', type: 't', payload: undefined }).finish();
    const adding = service.client.sendBytes(addEvent.path, Buffer.concat([add, nested]));
    expect(await invalidFieldsOf(adding)).toEqual(['payload']);
    const create = CreateSessionRequest.encode({
      sessionId: newId(),
      language: 'en',
      status: SessionStatus.SESSION_STATUS_UNSPECIFIED,
      metadata: undefined,
    }).finish();
    const creating = service.client.sendBytes(createSession.path, Buffer.concat([create, nested]));
    expect(await invalidFieldsOf(creating)).toEqual(['metadata']);
    expect((await service.client.getSession({ sessionId })).pagination?.total).toBe(0);
  });

  test('a message over 4 MiB gets the library’s RESOURCE_EXHAUSTED', async () => {
    const sessionId = await newSession(service);
    const payload = { text: 'x'.repeat(5 * 1024 * 1024) };
    const error = await failureOf(service.client.addEvent({ sessionId, eventId: 'one', payload }));
    expect(error.code).toBe(Code.RESOURCE_EXHAUSTED);
    expect((await service.client.getSession({ sessionId })).pagination?.total).toBe(0);
  });
});
