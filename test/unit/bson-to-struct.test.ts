import fc from 'fast-check';
import { mongo } from 'mongoose';
import { isCanonicalStruct } from '../../src/core/struct/canonical-struct';
import { StructBytes } from '../../src/core/struct/struct-bytes';
import { structFromBson } from '../../src/storage/mongo/documents/struct-bson/bson-to-struct';
import { NotStructError } from '../../src/storage/mongo/documents/struct-bson/not-struct-error';
import { expectSameJson, type JsonObject } from '../support/nasty-json';
import { encodeEntries, RandomStruct } from '../support/random-struct';
import { structToBson } from '../support/struct-to-bson';

const { BSON } = mongo;

/** Reads a document that another program wrote. */
function read(bson: Uint8Array, offset?: number): JsonObject {
  const bytes = structFromBson(bson, offset);
  expect(isCanonicalStruct(bytes)).toBe(true);
  return new StructBytes(bytes).toJson();
}

/** A document with one field, whose name is `a`. */
function document(type: number, value: string): Buffer {
  const bytes = Buffer.from(`00000000${type.toString(16).padStart(2, '0')}6100${value}00`, 'hex');
  bytes.writeInt32LE(bytes.length);
  return bytes;
}

describe('values that another program wrote', () => {
  test.each<{ name: string; written: unknown; value: unknown }>([
    { name: 'int32', written: new mongo.Int32(-7), value: -7 },
    { name: 'long', written: mongo.Long.fromNumber(2 ** 40 + 1), value: 2 ** 40 + 1 },
    { name: 'negative long', written: mongo.Long.fromNumber(-(2 ** 40) - 1), value: -(2 ** 40) - 1 },
    { name: 'largest exact long', written: mongo.Long.fromString('9007199254740991'), value: 2 ** 53 - 1 },
    { name: 'smallest exact long', written: mongo.Long.fromString('-9007199254740991'), value: 1 - 2 ** 53 },
    { name: '-0', written: new mongo.Double(-0), value: 0 },
    { name: '-5e-324', written: new mongo.Double(-5e-324), value: -5e-324 },
    { name: 'bool', written: false, value: false },
    { name: 'list of whole numbers', written: [1, [2], { b: 3 }], value: [1, [2], { b: 3 }] },
    {
      name: 'DBRef',
      written: new mongo.DBRef('x', new mongo.Int32(1) as never),
      value: { $ref: 'x', $id: 1 },
    },
  ])('$name is $value', ({ written, value }) => {
    expectSameJson(read(BSON.serialize({ a: written, list: [written] })), { a: value, list: [value] });
  });

  test.each<{ type: string; written: unknown }>([
    { type: 'binData', written: Buffer.from('secret') },
    { type: 'objectId', written: new mongo.ObjectId() },
    { type: 'date', written: new Date(0) },
    { type: 'regex', written: /secret/ },
    { type: 'javascript', written: new mongo.Code('secret') },
    { type: 'javascriptWithScope', written: new mongo.Code('secret', { a: 1 }) },
    { type: 'symbol', written: new mongo.BSONSymbol('secret') },
    { type: 'timestamp', written: new mongo.Timestamp({ t: 1, i: 2 }) },
    { type: 'decimal', written: mongo.Decimal128.fromString('1') },
    { type: 'minKey', written: new mongo.MinKey() },
    { type: 'maxKey', written: new mongo.MaxKey() },
  ])('$type is no value of a Struct', ({ type, written }) => {
    const message = `a value in it has the BSON type ${type}, which a Struct cannot hold`;
    for (const object of [{ a: written }, { a: [written] }, { a: [{ b: 1 }, { b: written }] }])
      expect(() => structFromBson(BSON.serialize(object))).toThrow(new NotStructError(message));
  });

  test.each([
    { name: 'undefined', bson: document(6, ''), message: 'BSON type undefined' },
    { name: 'dbPointer', bson: document(12, `0100000000${'00'.repeat(12)}`), message: 'BSON type dbPointer' },
    { name: 'NaN', bson: BSON.serialize({ a: NaN }), message: 'not finite' },
    { name: 'a NaN with other bits', bson: document(1, '010000000000f0ff'), message: 'not finite' },
    { name: 'Infinity', bson: BSON.serialize({ a: Infinity }), message: 'not finite' },
    { name: '-Infinity', bson: BSON.serialize({ a: -Infinity }), message: 'not finite' },
    { name: 'the long 2^53', bson: document(18, '0000000000002000'), message: 'beyond ±(2^53 - 1)' },
    { name: 'the long 2^53 + 1', bson: document(18, '0100000000002000'), message: 'beyond ±(2^53 - 1)' },
    { name: 'the long -2^53', bson: document(18, '000000000000e0ff'), message: 'beyond ±(2^53 - 1)' },
  ])('$name is no value of a Struct', ({ bson, message }) => {
    expect(() => structFromBson(bson)).toThrow(NotStructError);
    expect(() => structFromBson(bson)).toThrow(message);
  });

  test('32 levels can be read, and no more', () => {
    let [objects, lists]: [JsonObject, unknown] = [{}, []];
    for (let level = 2; level <= 32; level += 1) objects = { in: objects };
    for (let level = 3; level <= 32; level += 1) lists = [lists];
    expectSameJson(read(BSON.serialize({ ...objects, lists })), { ...objects, lists });
    const tooDeep = 'it has more than 32 levels of objects and lists';
    expect(() => structFromBson(BSON.serialize({ in: objects }))).toThrow(new NotStructError(tooDeep));
    expect(() => structFromBson(BSON.serialize({ a: [lists] }))).toThrow(new NotStructError(tooDeep));
  });

  test('of a key that is there twice, the last value counts', () => {
    const twice = Buffer.from('1300000008610001086100000861000100', 'hex');
    twice.writeInt32LE(twice.length);
    expect(read(twice)).toEqual({ a: true });
  });

  test('names of list elements do not matter', () => {
    expect(read(document(4, '0d000000 08 00 01 08 787900 00 00'.replaceAll(' ', '')))).toEqual({
      a: [true, false],
    });
  });
});

test('the document may be anywhere in a reply', () => {
  const bson = BSON.serialize({ a: 'text', b: [1, 2] });
  for (const offset of [0, 1, 100]) {
    const reply = Buffer.concat([Buffer.alloc(offset, 0xff), bson, Buffer.alloc(50, 0xff)]);
    expect(read(reply, offset)).toEqual({ a: 'text', b: [1, 2] });
    expect(read(Uint8Array.from(reply), offset)).toEqual({ a: 'text', b: [1, 2] });
  }
});

test.each([10, 5000, 3_000_000])('a result of %i bytes stays, whatever is converted next', (length) => {
  const [first, second] = ['x', 'y'].map((letter) => BSON.serialize({ a: letter.repeat(length) }));
  const bytes = structFromBson(first ?? Buffer.alloc(0));
  const before = Buffer.from(bytes);
  structFromBson(second ?? Buffer.alloc(0));
  expect(Buffer.compare(bytes, before)).toBe(0);
});

describe('damage', () => {
  const damaged = new NotStructError('its BSON is damaged');
  const text = (length: string, content: string): Buffer => document(2, `${length}${content}`);

  test.each([
    { name: 'no bytes', bson: Buffer.alloc(0) },
    { name: 'a document without its final byte', bson: Buffer.from('0400000000', 'hex') },
    { name: 'a negative length', bson: Buffer.from('ffffffff00', 'hex') },
    { name: 'a length beyond the buffer', bson: Buffer.from('0600000000', 'hex') },
    { name: 'another final byte', bson: Buffer.from('0500000001', 'hex') },
    { name: 'a key without an end', bson: Buffer.from('0700000008610100'.slice(0, -2), 'hex') },
    { name: 'an unknown type', bson: document(0x20, '') },
    { name: 'an empty element', bson: document(0, '') },
    { name: 'a bool of 2', bson: document(8, '02') },
    { name: 'a text of length 0', bson: text('00000000', '') },
    { name: 'a text of a negative length', bson: text('feffffff', '6100') },
    { name: 'a text of the largest length', bson: text('ffffff7f', '6100') },
    { name: 'a text that includes the end of the document', bson: text('03000000', '6100') },
    { name: 'a text without its final byte', bson: text('02000000', '6161') },
    { name: 'a truncated int32', bson: document(16, '000000') },
    { name: 'a truncated long', bson: document(18, '00000000000000') },
    { name: 'a truncated double', bson: document(1, '00000000000000') },
    { name: 'an object longer than its document', bson: document(3, '0600000000') },
    { name: 'an object shorter than any', bson: document(3, '0400000000') },
    { name: 'a list of a negative length', bson: document(4, '0000008000') },
  ])('$name is recognized', ({ bson }) => {
    expect(() => structFromBson(bson)).toThrow(damaged);
  });

  test.each([-1, -4, 5, 1000, 2 ** 32, NaN])('a document at %d is recognized', (offset) => {
    expect(() => structFromBson(Buffer.from('0500000000', 'hex'), offset)).toThrow(damaged);
  });

  test('text that is not UTF-8 is recognized', () => {
    const invalid = new NotStructError('a string in it is not valid UTF-8');
    for (const length of [1, 64, 65, 200]) {
      for (const object of [
        { a: 'x'.repeat(length) },
        { a: ['x'.repeat(length)] },
        { ['x'.repeat(length)]: 1 },
      ]) {
        const bson = Buffer.from(BSON.serialize(object));
        bson[bson.lastIndexOf('x')] = 0xc3;
        expect(() => structFromBson(bson)).toThrow(invalid);
      }
    }
  });

  /** Expects a canonical Struct or a NotStructError. */
  function tryToRead(bson: Buffer): boolean {
    try {
      if (!isCanonicalStruct(structFromBson(bson))) throw new Error(`not canonical: ${bson.toString('hex')}`);
      return true;
    } catch (error) {
      if (error instanceof NotStructError) return false;
      throw error;
    }
  }

  test('a document with any other byte anywhere is read or rejected, and one cut short is rejected', () => {
    const bson = structToBson(
      StructBytes.of({ a: 'text', list: [1, null, { é: true }], d: { e: [[]] } }).bytes,
    );
    let readable = 0;
    for (let at = 0; at < bson.length; at += 1) {
      for (let byte = 0; byte < 256; byte += 1) {
        const altered = Buffer.from(bson);
        altered[at] = byte;
        if (tryToRead(altered)) readable += 1;
      }
      expect(tryToRead(bson.subarray(0, at))).toBe(false);
    }
    expect(readable).toBeGreaterThan(bson.length);
  });

  test('documents with several altered bytes are read or rejected', () => {
    const change = fc.tuple(fc.nat(), fc.oneof(fc.constantFrom(0, 1, 2, 3, 4, 5, 0x80, 0xff), fc.nat(255)));
    const changes = fc.array(change, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.integer(), changes, (seed, list) => {
        const bson = structToBson(encodeEntries(new RandomStruct(seed).object()));
        for (const [at, byte] of list) bson[at % bson.length] = byte;
        tryToRead(bson);
      }),
      { numRuns: 5000 },
    );
  });
});
