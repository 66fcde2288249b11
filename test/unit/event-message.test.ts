import assert from 'node:assert/strict';
import fc from 'fast-check';
import { mongo, Types } from 'mongoose';
import { Event as EventMessage } from '../../generated/conversation/v1/event';
import { StructBytes } from '../../src/core/struct/struct-bytes';
import { writeEvent } from '../../src/storage/mongo/documents/event-document';
import { toEventMessage } from '../../src/storage/mongo/documents/event-message';
import { BsonWriter } from '../../src/storage/mongo/documents/struct-bson/bson-writer';
import { NotStructError } from '../../src/storage/mongo/documents/struct-bson/not-struct-error';
import { structToMap } from '../../src/storage/mongo/documents/struct-bson/struct-to-map';
import { encodeEntries, RandomStruct } from '../support/random-struct';

interface Fields {
  readonly sessionId: string;
  readonly eventId: string;
  readonly sequence: number;
  readonly type: string;
  readonly payload: Uint8Array;
  readonly timestamp: Date;
}

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 80 });

const anyEvent: fc.Arbitrary<Fields> = fc
  .record({
    sessionId: text,
    eventId: text,
    sequence: fc.oneof(
      fc.integer({ min: 1, max: 2 ** 31 - 1 }),
      fc.maxSafeInteger().map((n) => Math.abs(n) + 1),
    ),
    type: text,
    payload: fc.integer().map((seed) => encodeEntries(new RandomStruct(seed).object())),
    timestamp: fc.date({
      noInvalidDate: true,
      min: new Date('0001-01-01'),
      max: new Date('9999-12-31T23:59:59.999Z'),
    }),
  })
  .filter(({ sequence }) => Number.isSafeInteger(sequence));

const writer = new BsonWriter();

function bsonOf(fields: Fields): Buffer {
  writeEvent(writer, { _id: new Types.ObjectId(), ...fields });
  return writer.take();
}

/** What the generated code writes for the same event. */
function encoded({ payload, ...fields }: Fields): Uint8Array {
  return EventMessage.encode({ ...fields, payload: new StructBytes(payload) }).finish();
}

/** One value of each type that another program may add. */
const UNKNOWN: readonly unknown[] = [
  ...[1.5, 'text', { a: { b: 1 } }, [1, [2]], Buffer.from('bytes'), new mongo.Binary(Buffer.from('x'), 2)],
  ...[undefined, new Types.ObjectId(), true, new Date(), null, /expression/gi, new mongo.Code('x', { y: 1 })],
  ...[
    new mongo.Code('x'),
    new mongo.BSONSymbol('s'),
    7,
    new mongo.Timestamp({ t: 1, i: 2 }),
    mongo.Long.MAX_VALUE,
  ],
  ...[mongo.Decimal128.fromString('1.5'), new mongo.MinKey(), new mongo.MaxKey()],
  new mongo.DBRef('collection', new Types.ObjectId()),
];

/** A document as another program may write it: the fields in any order, among others. */
function serialize(fields: Readonly<Record<string, unknown>>): Buffer {
  return Buffer.from(mongo.BSON.serialize(fields, { ignoreUndefined: false }));
}

const WHOLE = {
  ...{ _id: new Types.ObjectId(), sessionId: 'call-1', eventId: 'e-1', sequence: 7, type: 'transcript' },
  ...{ payload: { text: 'grüß', list: [1, { a: null }] }, timestamp: new Date(1_795_000_000_123) },
};

test('an event is the message that the generated code writes', () => {
  fc.assert(
    fc.property(anyEvent, (fields) => {
      const row = bsonOf(fields);
      const { message, sessionId, sequence } = toEventMessage(row);
      assert.deepEqual({ sessionId, sequence }, { sessionId: fields.sessionId, sequence: fields.sequence });
      // Of a key that the payload has twice, BSON has the last entry only.
      const payload = StructBytes.of(new StructBytes(fields.payload).toJson()).bytes;
      const expected = encoded(payload.length < fields.payload.length ? { ...fields, payload } : fields);
      assert.equal(Buffer.compare(message, expected), 0);
    }),
    { numRuns: 2000 },
  );
});

test('the fields may have any order, and unknown fields of any type among them', () => {
  const known = Object.entries(WHOLE);
  const unknown = UNKNOWN.map((value, index): [string, unknown] => [`note${index}`, value]);
  const similar = ['i', '_i', '_id2', 'sessionI', 'sessionIdOf', 'payloa', 'payloads', ''].map(
    (name): [string, unknown] => [name, 'another'],
  );
  const all = [...known, ...unknown, ...similar];
  const expected = toEventMessage(serialize(WHOLE));
  const orders = fc.shuffledSubarray(all, { minLength: all.length });
  fc.assert(
    fc.property(orders, (entries) => {
      const { rowIdAt, ...event } = toEventMessage(serialize(Object.fromEntries(entries)));
      assert.ok(rowIdAt > 0);
      assert.deepEqual(event, { sessionId: 'call-1', sequence: 7, message: expected.message });
    }),
    { numRuns: 300 },
  );
  const { payload, ...message } = EventMessage.decode(expected.message);
  expect(message).toEqual({
    ...{ eventId: 'e-1', sessionId: 'call-1', sequence: 7, type: 'transcript', timestamp: WHOLE.timestamp },
  });
  expect(payload).toBeDefined();
});

test.each<[string, unknown]>([
  ['int64', mongo.Long.fromNumber(7)],
  ['double', new mongo.Double(7)],
  ['int32', new mongo.Int32(7)],
])('a sequence of the type %s is read', (_, sequence) => {
  expect(toEventMessage(serialize({ ...WHOLE, sequence })).sequence).toBe(7);
});

test.each(Object.keys(WHOLE))('an event without %s, or with another value there, is refused', (field) => {
  const { [field]: own, ...others } = { ...WHOLE } as Record<string, unknown>;
  const refused = new RegExp(`^its ${field} is (missing, or )?not what this service writes`);
  const refuses = (row: Record<string, unknown>): void => {
    expect(() => toEventMessage(serialize(row))).toThrow(NotStructError);
    expect(() => toEventMessage(serialize(row))).toThrow(refused);
  };
  refuses(others);
  const isSame = (value: unknown): boolean =>
    typeof value === typeof own && own?.constructor === value?.constructor;
  for (const value of UNKNOWN.filter((other) => !isSame(other))) {
    const isNumber = typeof value === 'number' && Number.isInteger(value);
    if (!(field === 'sequence' && isNumber)) refuses({ ...others, [field]: value });
  }
});

test.each<unknown>([0, -1, 1.5, Number.NaN, 2 ** 53, mongo.Long.MAX_VALUE, mongo.Long.MIN_VALUE])(
  'the sequence %s is refused',
  (sequence) => {
    expect(() => toEventMessage(serialize({ ...WHOLE, sequence }))).toThrow(/^its sequence is missing/);
  },
);

/** Converts damaged bytes: either to a message that protobuf can read, or not at all. */
function convertDamaged(row: Buffer): void {
  try {
    EventMessage.decode(toEventMessage(row).message);
  } catch (error) {
    if (!(error instanceof NotStructError)) throw error;
  }
}

test('damaged bytes are converted or refused, and nothing behind the document is read', () => {
  const whole = serialize({ ...WHOLE, note: /expression/, more: new mongo.Code('x', { y: 1 }) });
  for (let length = 0; length < whole.length; length += 1) {
    // What follows in the same buffer would complete the document.
    const cut = Buffer.concat([whole]).subarray(0, length);
    expect(() => toEventMessage(cut)).toThrow(NotStructError);
  }
  for (let at = 0; at < whole.length; at += 1)
    for (let bit = 0; bit < 8; bit += 1) {
      const altered = Buffer.from(whole);
      altered[at] = (altered[at] ?? 0) ^ (1 << bit);
      convertDamaged(altered);
    }
  const edits = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(edits, (changes) => {
      const altered = Buffer.from(whole);
      for (const [at, byte] of changes) altered[at] = byte;
      convertDamaged(altered);
    }),
    { numRuns: 5000 },
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => convertDamaged(Buffer.from(bytes))));
  // The converter is still whole.
  expect(toEventMessage(whole).sequence).toBe(7);
});

test('a payload as a map of the driver gives the same message', () => {
  const payload = structToMap(StructBytes.of(WHOLE.payload).bytes);
  const { message } = toEventMessage(serialize({ ...WHOLE, payload }));
  expect(Buffer.compare(message, toEventMessage(serialize(WHOLE)).message)).toBe(0);
});
