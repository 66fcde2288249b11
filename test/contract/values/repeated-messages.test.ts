import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { SessionServiceService } from '../../../generated/conversation/v1/session_service';
import { Struct } from '../../../src/protobuf/struct';
import { bytesField, intField } from '../../support/wire';
import { describeContract, newId, newSession } from '../support/describe-contract';

const { createSession, updateSession, addEvent, batchAddEvents, listEvents, listSessions } =
  SessionServiceService;

const struct = (object: Record<string, unknown>): Uint8Array =>
  Struct.encode(object, new BinaryWriter()).finish();

describeContract('a message that occurs twice in its field is merged', (service) => {
  const send = ({ path }: { path: string }, ...fields: Buffer[]): Promise<Buffer> =>
    service.client.sendBytes(path, Buffer.concat(fields));

  const payloadOf = async (sessionId: string): Promise<unknown> =>
    (await service.other.getSession({ sessionId })).events.at(-1)?.payload;

  test('in CreateSession', async () => {
    const sessionId = newId();
    const [first, second] = [struct({ a: 1, b: { x: 1 } }), struct({ b: { y: 2 }, c: 3 })];
    await send(
      createSession,
      ...[bytesField(4, first), bytesField(1, sessionId), bytesField(2, 'en'), bytesField(4, second)],
    );
    const { session } = await service.other.getSession({ sessionId });
    // In a map, the last value of a key replaces earlier ones.
    expect(session?.metadata).toEqual({ a: 1, b: { y: 2 }, c: 3 });
  });

  test('in UpdateSession: the session, its metadata and the mask', async () => {
    const sessionId = await newSession(service);
    const first = Buffer.concat([bytesField(1, sessionId), bytesField(6, struct({ a: 1, d: 4 }))]);
    const second = Buffer.concat([
      ...[bytesField(3, 'de'), bytesField(6, struct({ b: 2 })), bytesField(6, struct({ c: 3 }))],
    ]);
    await send(
      updateSession,
      ...[bytesField(1, first), bytesField(2, bytesField(1, 'metadata.a')), bytesField(1, second)],
      bytesField(2, Buffer.concat([bytesField(1, 'metadata.b'), bytesField(1, 'metadata.c')])),
      bytesField(2, bytesField(1, 'language')),
    );
    expect((await service.other.getSession({ sessionId })).session).toMatchObject({
      language: 'de',
      metadata: { a: 1, b: 2, c: 3 },
    });
  });

  test('in AddEvent, BatchAddEvents and IngestEvents', async () => {
    const sessionId = await newSession(service);
    const payload = (field: number): Buffer =>
      Buffer.concat([bytesField(field, struct({ a: 1 })), bytesField(field, struct({ b: 2 }))]);
    await send(addEvent, ...[bytesField(1, sessionId), bytesField(2, 'one'), bytesField(3, 't'), payload(4)]);
    expect(await payloadOf(sessionId)).toEqual({ a: 1, b: 2 });
    const event = (eventId: string): Buffer =>
      bytesField(2, Buffer.concat([bytesField(1, eventId), bytesField(2, 't'), payload(3)]));
    await send(batchAddEvents, event('two'), bytesField(1, sessionId), event('three'));
    expect(await payloadOf(sessionId)).toEqual({ a: 1, b: 2 });
    const stream = service.client.ingestEvents();
    const [ids, rest] = [
      Buffer.concat([bytesField(1, sessionId), bytesField(2, 'four'), bytesField(4, struct({ a: 1 }))]),
      Buffer.concat([bytesField(3, 't'), bytesField(4, struct({ b: 2 }))]),
    ];
    stream.sendBytes(Buffer.concat([bytesField(1, ids), bytesField(1, rest)]));
    await stream.finish();
    const { events } = await service.other.getSession({ sessionId });
    expect(events.map(({ eventId }) => eventId)).toEqual(['one', 'two', 'three', 'four']);
    expect(events.at(-1)?.payload).toEqual({ a: 1, b: 2 });
  });

  test('inside a Struct', async () => {
    const sessionId = await newSession(service);
    const value = (...kinds: Buffer[]): Buffer => bytesField(2, Buffer.concat(kinds));
    const entry = (key: string, ...values: Buffer[]): Buffer =>
      bytesField(1, Buffer.concat([bytesField(1, key), ...values]));
    const [object, other] = [bytesField(5, struct({ a: 1 })), bytesField(5, struct({ b: 2 }))];
    const item = (text: string): Buffer => bytesField(6, bytesField(1, bytesField(3, text)));
    const payload = Buffer.concat([
      entry('two values', value(object), value(other)),
      entry('two structs', value(object, other)),
      entry('two lists', value(item('x'), item('y'))),
      entry('a struct and a list', value(object, item('x'))),
      entry('a list and a struct', value(item('x'), other)),
      entry('text and a struct', value(object, bytesField(3, 'x'), other)),
      entry('a value and none', value(object), value()),
    ]);
    await send(
      addEvent,
      ...[bytesField(1, sessionId), bytesField(2, 'e'), bytesField(3, 't'), bytesField(4, payload)],
    );
    expect(await payloadOf(sessionId)).toEqual({
      'two values': { a: 1, b: 2 },
      'two structs': { a: 1, b: 2 },
      'two lists': ['x', 'y'],
      'a struct and a list': ['x'],
      'a list and a struct': { b: 2 },
      'text and a struct': { b: 2 },
      'a value and none': { a: 1 },
    });
  });

  test('in the times of ListEvents and ListSessions', async () => {
    const sessionId = await newSession(service);
    await service.client.addEvent({ sessionId, eventId: 'e' });
    const seconds = Math.floor(Date.now() / 1000);
    // The start is after the end only with the nanoseconds of its first occurrence.
    const start = (field: number): Buffer =>
      Buffer.concat([bytesField(field, intField(2, 1)), bytesField(field, intField(1, seconds))]);
    const end = (field: number): Buffer => bytesField(field, intField(1, seconds));
    for (const call of [
      send(listEvents, bytesField(1, sessionId), start(7), end(8)),
      send(listSessions, start(5), end(6)),
    ])
      await expect(call).rejects.toThrow(/must not be before/);
  });
});
