import fc from 'fast-check';
import { invalidFieldsOf } from '../../support/call-error';
import { type ContractService, describeContract, newId, newSession } from '../support/describe-contract';
import {
  expectSameJson,
  type JsonObject,
  NASTY_KEYS,
  nastyObject,
  withoutNegativeZero,
} from '../../support/nasty-json';
import { structOfSize } from '../support/struct-of-size';

const json = (text: string): JsonObject => JSON.parse(text) as JsonObject;

const NESTED_NULLS = { a: null, b: [null, [null], { c: null }], d: { e: { f: null } } };

/** Sends the value as a payload and as metadata, and expects it back in every reply and read. */
async function expectRoundTrip({ client, other }: ContractService, value: JsonObject): Promise<void> {
  const sessionId = newId();
  const expected = withoutNegativeZero(value);
  const { session } = await client.createSession({ sessionId, metadata: value });
  expectSameJson(session?.metadata, expected);
  const { event } = await client.addEvent({ sessionId, eventId: 'one', payload: value });
  expectSameJson(event?.payload, expected);
  const [read, repeat, ended] = await Promise.all([
    other.getSession({ sessionId }),
    other.addEvent({ sessionId, eventId: 'one', payload: value }),
    client.completeSession({ sessionId }),
  ]);
  expectSameJson(read.session?.metadata, expected);
  expectSameJson(read.events[0]?.payload, expected);
  expectSameJson(repeat.event?.payload, expected);
  expect(repeat).toMatchObject({ duplicate: true, payloadMismatch: false });
  expectSameJson(ended.session?.metadata, expected);
}

describeContract('values in payloads and metadata', (service) => {
  test.each<{ name: string; value: JsonObject }>([
    { name: 'nested nulls', value: NESTED_NULLS },
    { name: 'empty objects and lists', value: { a: {}, b: [], c: [{}, [], [[]], { d: {} }] } },
    { name: 'booleans', value: { yes: true, no: false, list: [true, false] } },
    { name: 'zero and negative zero', value: { a: 0, b: -0, c: [-0, 0] } },
    {
      name: 'numbers',
      value: {
        list: [5e-324, 1.7976931348623157e308, -1.7976931348623157e308, 2 ** 53 + 2, 1e21, 0.1, -1, 1.5],
        integers: [2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 2 ** 32, 2 ** 53, 2 ** 63, 2 ** 64],
      },
    },
    {
      name: 'strings',
      value: { list: ['', ' ', '\n', '\t', '"', '\\', '\u{1f469}\u200d\u{1f680}', 'null', '0'] },
    },
    { name: 'a BOM', value: { start: '\ufefftext', inside: 'te\ufeffxt', alone: '\ufeff', '\ufeffkey': 1 } },
    { name: 'U+0000 in values', value: { a: '\0', b: 'a\0b', c: ['\0\0'] } },
    { name: 'U+FFFD itself', value: { a: '\ufffd', '\ufffd': 'x\ufffdy' } },
    { name: '__proto__ at each level', value: json('{"__proto__":{"__proto__":[{"__proto__":null}]}}') },
    { name: 'an object like a DBRef', value: { $ref: 'sessions', $id: 'one', $db: 'other' } },
    {
      name: 'a nested object like a DBRef',
      value: { in: { $ref: 'a', $id: 1 }, list: [{ $ref: 'a', $id: {} }] },
    },
    {
      name: 'objects like BSON types',
      value: { a: { _bsontype: 'ObjectId', id: 'x' }, _bsontype: 'Long', toBSON: 1 },
    },
    {
      name: 'objects like extended JSON',
      value: { a: { $numberLong: '1' }, b: { $date: 0 }, c: { $oid: 'x' } },
    },
    { name: 'MongoDB operators', value: { $set: { a: 1 }, $unset: '', list: [{ $each: [] }] } },
    { name: 'keys that consist of digits', value: { 10: 'a', 9: 'b', '01': 'c', b: { 1: 1, 0: 0 } } },
    {
      name: 'keys like escaped keys',
      value: { '~$ref': 1, '~': 2, '~~$ref': { '~$id': 3 }, $ref: 1, $id: 2 },
    },
  ])('$name: round-trips unchanged', async ({ value }) => {
    await expectRoundTrip(service, value);
  });

  test('every unusual key round-trips: alone, together with others, and nested', async () => {
    const together = Object.fromEntries(NASTY_KEYS.map((key, index) => [key, index]));
    await expectRoundTrip(service, { ...together, in: together, list: [together] });
    await Promise.all(
      NASTY_KEYS.map((key) => expectRoundTrip(service, Object.fromEntries([[key, { [key]: key }]]))),
    );
  });

  test('lists of objects, lists of lists and empty lists round-trip under every unusual key', async () => {
    await Promise.all(
      [[{}, { a: 1 }], [[], [1]], []].map((list) =>
        expectRoundTrip(service, Object.fromEntries(NASTY_KEYS.map((key) => [key, list]))),
      ),
    );
  });

  test.each(['$ref', '~$ref', '__proto__', '_bsontype', 'toBSON'])(
    'key %s round-trips together with each of the others',
    async (key) => {
      const pairs = NASTY_KEYS.map((other) =>
        Object.fromEntries([
          [key, 'a'],
          [other, 'b'],
        ]),
      );
      await expectRoundTrip(service, { pairs });
    },
  );

  test('random objects with unusual keys round-trip unchanged', async () => {
    await fc.assert(
      fc.asyncProperty(nastyObject, (value) => expectRoundTrip(service, value)),
      { numRuns: 100 },
    );
  });

  test.each([
    { name: 'NaN', value: { a: NaN } },
    { name: 'Infinity', value: { a: [Infinity] } },
    { name: '-Infinity', value: { a: { b: -Infinity } } },
    { name: 'a Value without a kind', value: { a: undefined } },
    { name: 'a Value without a kind in a list', value: { a: [undefined] } },
    { name: 'U+0000 in a key', value: { 'a\0b': 1 } },
    { name: 'U+0000 in a nested key', value: { a: [{ '\0': 1 }] } },
  ])('$name is rejected in a payload and in metadata', async ({ value }) => {
    const sessionId = await newSession(service);
    const add = service.client.addEvent({ sessionId, eventId: 'one', payload: value });
    expect(await invalidFieldsOf(add)).toEqual(['payload']);
    const create = service.client.createSession({ sessionId: newId(), metadata: value });
    expect(await invalidFieldsOf(create)).toEqual(['metadata']);
    expect((await service.client.getSession({ sessionId })).pagination?.total).toBe(0);
  });

  test.each([4095, 4096, 4097, 100_000])(
    'a payload of %i bytes is the same in every reply and read',
    async (bytes) => {
      const { client, other } = service;
      const sessionId = await newSession(service);
      const payload = structOfSize(bytes);
      const { event } = await client.addEvent({ sessionId, eventId: 'one', payload });
      expect(event?.payload).toEqual(payload);
      expect((await other.getEvent({ sessionId, eventId: 'one' })).event).toEqual(event);
      expect((await other.getSession({ sessionId })).events).toEqual([event]);
      expect((await other.listEvents({ sessionId, types: ['transcript'] })).events).toEqual([event]);
      const repeat = await client.addEvent({ sessionId, eventId: 'one', payload });
      expect(repeat).toMatchObject({ event, duplicate: true, payloadMismatch: false });
      const longer = await client.addEvent({ sessionId, eventId: 'one', payload: structOfSize(bytes + 1) });
      expect(longer).toMatchObject({ event, duplicate: true, payloadMismatch: true });
    },
  );
});
