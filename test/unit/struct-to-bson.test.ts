import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { isCanonicalStruct } from '../../src/core/struct/canonical-struct';
import type { JsonObject } from '../../src/core/struct/json';
import { StructBytes } from '../../src/core/struct/struct-bytes';
import {
  KEY_OF_ENTRY,
  STRUCT_ENTRY,
  VALUE_OF_ENTRY,
  VALUE_OF_LIST,
  VALUE_TAGS,
} from '../../src/core/struct/struct-codec';
import { structFromBson } from '../../src/storage/mongo/documents/struct-bson/bson-to-struct';
import {
  EMPTY_DOCUMENT_BYTES,
  MAXIMUM_GROWTH,
} from '../../src/storage/mongo/documents/struct-bson/struct-to-bson';
import { encodeEntries, type Entries } from '../support/random-struct';
import { readBson } from '../support/read-bson';
import { structToBson } from '../support/struct-to-bson';

const MIB = 1024 * 1024;
const encode = (object: JsonObject): Uint8Array => StructBytes.of(object).bytes;

test('a payload becomes the document that a person would write', () => {
  const list = ['15000000', '033000', '0500000000', '043100', '0500000000', '00'];
  const fields = [
    ...['02', hex('text\0'), '07000000', hex('Hello?\0')],
    ...['01', hex('n\0'), '000000000000f83f'],
    ...['08', hex('ok\0'), '01'],
    ...['0a', hex('no\0')],
    ...['04', hex('list\0'), ...list],
  ];
  const bson = structToBson(encode({ text: 'Hello?', n: 1.5, ok: true, no: null, list: [{}, []] }));
  expect(bson.toString('hex')).toBe(['45000000', ...fields, '00'].join(''));
});

test('an empty Struct is an empty document', () => {
  expect(structToBson(new Uint8Array()).toString('hex')).toBe('0500000000');
});

test('lengths that are not encoded in the fewest bytes are read', () => {
  // {"a": "b"}
  const value = ['1a', '818000', hex('b')].join('');
  const entry = ['0a', '81808000', hex('a'), '12', '8500', value].join('');
  const bytes = Buffer.from(['0a', '8e808000', entry].join(''), 'hex');
  expect(isCanonicalStruct(bytes)).toBe(true);
  expect(readBson(structToBson(bytes))).toEqual({ a: 'b' });
});

test.each([0, 1, 23, 24, 25, 63, 64, 65, 110, 127, 128, 129, 16_370, 16_383, 16_384])(
  'keys and texts of %i bytes convert, also behind each other and nested',
  (length) => {
    const text = 'x'.repeat(length);
    const accented = 'é'.repeat(length / 2);
    for (const value of [text, accented, [text], { [text]: accented, [accented + 'b']: [[text], text] }]) {
      const bytes = encode({ [text]: value, last: 1 });
      const bson = structToBson(bytes);
      expect(JSON.stringify(readBson(bson)) === JSON.stringify({ [text]: value, last: 1 })).toBe(true);
      expect(Buffer.compare(structFromBson(bson), bytes)).toBe(0);
    }
  },
);

test.each([2 ** 21 - 1, 2 ** 21])('a text of %i bytes converts', (length) => {
  const bytes = encode({ a: ['x'.repeat(length)] });
  const bson = structToBson(bytes);
  expect(bson.length).toBe(length + EMPTY_DOCUMENT_BYTES + 3 + EMPTY_DOCUMENT_BYTES + 8);
  expect(Buffer.compare(structFromBson(bson), bytes)).toBe(0);
});

test.each([9, 10, 11, 1023, 1024, 1025, 12_000])('lists of %i elements convert', (length) => {
  const object = { list: Array.from({ length }, (_, i) => i) };
  const bson = structToBson(encode(object));
  expect(readBson(bson)).toEqual(object);
  expect(Buffer.compare(structFromBson(bson), encode(object))).toBe(0);
});

describe('a key that an object has twice', () => {
  const many = Array.from({ length: 100 }, (_, i) => [`key ${i}`, i] as const);

  test.each<{ name: string; struct: Entries; object: JsonObject }>([
    { name: 'at the top', struct: entries(['a', 1], ['b', 2], ['a', 3]), object: { a: 3, b: 2 } },
    { name: 'that is empty', struct: entries(['', 1], ['', 2]), object: { '': 2 } },
    {
      name: 'in an object in a list',
      struct: entries(['a', [entries(['b', 1], ['b', 2])]], ['b', null]),
      object: { a: [{ b: 2 }], b: null },
    },
    {
      name: 'around another object',
      struct: entries(['a', entries(['x', 1], ['y', 2])], ['b', 1], ['a', 2]),
      object: { a: 2, b: 1 },
    },
    {
      name: 'among many',
      struct: entries(['inner', entries(...many, ['key 0', 'last'])]),
      object: { inner: { ...Object.fromEntries(many), 'key 0': 'last' } },
    },
  ])('$name is written once, with its last value', ({ struct, object }) => {
    expect(readBson(structToBson(encodeEntries(struct)))).toEqual(object);
  });

  test('is not the same as keys in different objects, or keys with the same hash', () => {
    const object = { a: { a: { a: 1 }, Aa: 1, BB: 2 }, Aa: [{ a: 1 }, { a: 2 }], BB: { Aa: 1 } };
    expect(readBson(structToBson(encode(object)))).toEqual(object);
  });
});

describe('growth', () => {
  /** A Struct with one list of `count` times the same Value of two bytes. */
  function listOf(count: number, item: readonly number[]): Uint8Array {
    const list = Buffer.alloc(4 * count, Uint8Array.of(VALUE_OF_LIST, 2, ...item));
    const writer = new BinaryWriter().uint32(STRUCT_ENTRY).fork().uint32(KEY_OF_ENTRY).string('');
    writer.uint32(VALUE_OF_ENTRY).fork().uint32(VALUE_TAGS.list).bytes(list);
    return writer.join().join().finish();
  }

  test.each([
    { name: 'texts', item: [VALUE_TAGS.string, 0] },
    { name: 'lists', item: [VALUE_TAGS.list, 0] },
    { name: 'objects', item: [VALUE_TAGS.struct, 0] },
  ])('3 MiB of empty $name in a list stay within the limit', ({ item }) => {
    const bytes = listOf((3 * MIB - 20) / 4, item);
    expect(bytes.length).toBeGreaterThan(3 * MIB - 20);
    const { length } = structToBson(bytes);
    expect(length).toBeLessThanOrEqual(MAXIMUM_GROWTH * bytes.length + EMPTY_DOCUMENT_BYTES);
    expect(length).toBeGreaterThan(3.2 * bytes.length);
  });

  test('a document that exceeds its room is an error, not a document without its end', () => {
    // Names of seven digits: larger than any message.
    const bytes = listOf(1_300_000, [VALUE_TAGS.string, 0]);
    expect(() => structToBson(bytes)).toThrow(new RangeError('a BSON document exceeds its buffer'));
  });
});

test.each([
  { name: 'a Value without a kind', bytes: [0x0a, 5, 0x0a, 1, 0x61, 0x12, 0] },
  { name: 'a Struct that is cut short', bytes: [0x0a, 8, 0x0a, 1, 0x61, 0x12, 3, 0x1a, 2] },
])('$name is an error', ({ bytes }) => {
  expect(() => structToBson(Uint8Array.from(bytes))).toThrow();
});

function entries(...list: Entries['entries']): Entries {
  return { entries: list };
}

function hex(text: string): string {
  return Buffer.from(text).toString('hex');
}
