import { BinaryWriter } from '@bufbuild/protobuf/wire';
import { fromBinary, fromJson, type JsonValue, toBinary, toJson } from '@bufbuild/protobuf';
import { StructSchema } from '@bufbuild/protobuf/wkt';
import fc from 'fast-check';
import { StructBytes } from '../../src/core/struct/struct-bytes';
import { writeStruct } from '../../src/core/struct/struct-codec';
import { expectSameJson, type JsonObject, nastyObject, withoutNegativeZero } from '../support/nasty-json';

const encode = (object: JsonObject): Uint8Array => writeStruct(object, new BinaryWriter()).finish();

const decode = (bytes: Uint8Array): JsonObject => new StructBytes(bytes).toJson();

/** Objects that the library's implementation supports too: it loses `__proto__`. */
const plainObject = fc.dictionary(
  fc.string({ unit: 'binary' }).filter((key) => key !== '__proto__'),
  fc.jsonValue({ stringUnit: 'binary' }),
);

test('encoding round-trips, with -0 as 0', () => {
  fc.assert(
    fc.property(nastyObject, (object) => {
      expectSameJson(decode(encode(object)), withoutNegativeZero(object));
    }),
    { numRuns: 1000 },
  );
});

test('another implementation decodes what this one encodes', () => {
  fc.assert(
    fc.property(plainObject, (object) => {
      expectSameJson(
        toJson(StructSchema, fromBinary(StructSchema, encode(object))),
        withoutNegativeZero(object),
      );
    }),
  );
});

test('this implementation decodes what another one encodes', () => {
  fc.assert(
    fc.property(plainObject, (object) => {
      const written = toBinary(StructSchema, fromJson(StructSchema, object as JsonValue));
      expectSameJson(decode(written), object);
    }),
  );
});

test('keys of Object.prototype are decoded as own keys without prototype pollution', () => {
  const nested: unknown = JSON.parse(
    '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
  );
  const read = decode(encode({ nested }));
  expect(Object.keys(read.nested ?? {})).toEqual(['__proto__', 'constructor']);
  expect(Object.getPrototypeOf(read.nested)).toBe(Object.prototype);
  expect('polluted' in {}).toBe(false);
});

describe('unusual encodings', () => {
  const field = (...bytes: number[]): number[] => [0x0a, bytes.length, ...bytes];
  const key = [0x0a, 0x01, 0x61];

  test.each<{ name: string; bytes: number[]; object: JsonObject }>([
    { name: 'an empty encoding is {}', bytes: [], object: {} },
    {
      name: 'an entry without a value has a Value without a kind',
      bytes: field(...key),
      object: { a: undefined },
    },
    { name: 'an empty Value has no kind', bytes: field(...key, 0x12, 0), object: { a: undefined } },
    {
      name: 'an entry without a key has the empty key',
      bytes: field(0x12, 2, 0x20, 1),
      object: { '': true },
    },
    { name: 'a value may precede its key', bytes: field(0x12, 2, 0x20, 1, ...key), object: { a: true } },
    {
      name: 'the last of two entries with the same key wins',
      bytes: [...field(...key, 0x12, 2, 0x20, 1), ...field(...key, 0x12, 2, 0x20, 0)],
      object: { a: false },
    },
    {
      name: 'the last of two kinds wins',
      bytes: field(...key, 0x12, 4, 0x20, 1, 0x08, 0),
      object: { a: null },
    },
    { name: 'a null with any number is null', bytes: field(...key, 0x12, 2, 0x08, 7), object: { a: null } },
    {
      name: 'an unknown field is skipped',
      bytes: [0x10, 5, ...field(...key, 0x18, 1, 0x12, 2, 0x20, 1)],
      object: { a: true },
    },
    { name: 'a known field with another wire type is skipped', bytes: [0x08, 5], object: {} },
  ])('$name', ({ bytes, object }) => {
    expectSameJson(decode(Uint8Array.from(bytes)), object);
  });
});

test('nesting is decoded up to one level beyond the limit', () => {
  let object: JsonObject = { innermost: true };
  for (let level = 1; level < 50; level += 1) object = { in: object };
  let read: unknown = decode(encode(object));
  let levels = 0;
  while (typeof read === 'object' && read !== null) {
    levels += 1;
    read = 'in' in read ? read.in : undefined;
  }
  expect(levels).toBe(33);
});

describe('malformed bytes', () => {
  /** Expects an object or an Error other than a TypeError. */
  function tryDecode(bytes: Uint8Array): void {
    try {
      expect(typeof decode(bytes)).toBe('object');
    } catch (error) {
      expect(error).toBeInstanceOf(Error);
      expect(error).not.toBeInstanceOf(TypeError);
    }
  }

  test('random bytes are decoded or rejected', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), tryDecode), { numRuns: 3000 });
  });

  test('encodings with altered bytes are decoded or rejected', () => {
    const change = fc.tuple(fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(nastyObject, fc.array(change, { minLength: 1, maxLength: 4 }), (object, changes) => {
        const bytes = encode(object);
        for (const [at, byte] of changes) bytes[at % Math.max(1, bytes.length)] = byte;
        tryDecode(bytes);
      }),
      { numRuns: 3000 },
    );
  });

  test('a truncated encoding is rejected or decodes to fewer entries, never to different ones', () => {
    const object = { a: 'text', b: [1, 2, { c: null }], d: { e: true } };
    const bytes = encode(object);
    for (let length = 0; length < bytes.length; length += 1) {
      const cut = bytes.subarray(0, length);
      let read: JsonObject | undefined;
      try {
        read = decode(cut);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
      if (read !== undefined) expect(object).toMatchObject(read);
    }
  });

  test.each([
    { name: 'a length beyond the end', bytes: [0x0a, 0x05, 0x0a, 0x01, 0x61] },
    { name: 'a length of 4 GiB', bytes: [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f] },
    { name: 'text beyond the end', bytes: [0x0a, 0x03, 0x0a, 0x40, 0x61] },
    { name: 'text that is not UTF-8', bytes: [0x0a, 0x03, 0x0a, 0x01, 0xff] },
    { name: 'a truncated double', bytes: [0x0a, 0x05, 0x12, 0x03, 0x11, 0, 0] },
  ])('$name is rejected', ({ bytes }) => {
    expect(() => decode(Uint8Array.from(bytes))).toThrow();
  });
});
