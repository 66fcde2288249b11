import fc from 'fast-check';
import { ConversationError } from '../../src/core/errors';
import type { JsonObject } from '../../src/core/struct/json';
import { checkStruct } from '../../src/core/validation/check-struct';
import { isCanonicalStruct } from '../../src/core/struct/canonical-struct';
import { StructBytes } from '../../src/core/struct/struct-bytes';
import { Violations } from '../../src/core/validation/violations';
import { expectSameJson, nastyObject, withoutNegativeZero } from '../support/nasty-json';

/** Returns the descriptions of a value's violations. */
function violationsOf(value: unknown, maximumBytes?: number): string[] {
  return violationsOfObject({ value } as JsonObject, maximumBytes);
}

function violationsOfObject(object: JsonObject | StructBytes, maximumBytes = 1_000_000): string[] {
  const violations = new Violations();
  checkStruct(violations, 'payload', object, maximumBytes);
  try {
    violations.throwIfAny();
    return [];
  } catch (error) {
    if (error instanceof ConversationError) return error.violations.map(({ description }) => description);
    throw error;
  }
}

/** Returns the size in the violation; undefined if the object is within the maximum. */
function reportedSize(object: JsonObject, maximumBytes: number): number | undefined {
  const [violation] = violationsOfObject(object, maximumBytes);
  return violation === undefined ? undefined : Number(/got (\d+)$/.exec(violation)?.[1]);
}

/** Expects a violation with the size if it is one byte too large, and none if it just fits. */
function expectSizeReported(object: JsonObject): void {
  const { length } = StructBytes.of(object).bytes;
  expect(reportedSize(object, length)).toBeUndefined();
  if (length > 0) expect(reportedSize(object, length - 1)).toBe(length);
}

test('the reported size is that of the encoding', () => {
  fc.assert(
    fc.property(nastyObject, (object) => {
      expectSizeReported(object as JsonObject);
    }),
    { numRuns: 1000 },
  );
});

test('the size is correct around each boundary of the length encoding', () => {
  for (const boundary of [2 ** 7, 2 ** 14, 2 ** 21]) {
    for (let length = boundary - 30; length <= boundary + 2; length += 1) {
      const text = 'x'.repeat(length);
      for (const object of [{ text }, { [text]: 1 }, { a: [text] }, { a: { b: text } }]) {
        expectSizeReported(object);
      }
    }
  }
});

test('the size is correct for characters of one to four bytes', () => {
  const object = { a: 'aé通\u{1f4de}', 'é通\u{1f4de}': '\ufeff' };
  expectSizeReported(object);
});

test('an absent object is {}, whose encoding is empty', () => {
  expect(checkStruct(new Violations(), 'payload', undefined, 0).bytes).toHaveLength(0);
});

test('an excessive size is reported with the limit', () => {
  expect(violationsOf('x', 10)).toEqual(['must be at most 10 bytes in the protobuf encoding; got 14']);
  expect(violationsOf('x', 14)).toEqual([]);
});

test('each kind of violation is reported once', () => {
  expect(violationsOf([NaN, Infinity, -Infinity, undefined, [undefined], { 'a\0': NaN, '\0': 1 }])).toEqual([
    'must contain only finite numbers (no NaN or infinity)',
    'must not contain a Value without a kind; use null_value for null',
    'must not contain the character U+0000 in a key',
  ]);
});

test.each(['\ud800', 'a\udc00b', { '\udbff': 1 }, ['\udfff']])(
  'an unpaired surrogate is invalid: %j',
  (value) => {
    expect(violationsOf(value)).toEqual(['must be valid Unicode; a string contains an unpaired surrogate']);
  },
);

test('both objects and lists count as levels; the outermost object is level 1', () => {
  const nested = (levels: number): unknown => {
    let inner: unknown = null;
    for (let level = 0; level < levels; level += 1) inner = level % 2 === 0 ? [inner] : { inner };
    return inner;
  };
  expect(violationsOf(nested(31))).toEqual([]);
  for (const levels of [32, 100, 100_000]) {
    expect(violationsOf(nested(levels))).toEqual(['must have at most 32 levels of objects and lists']);
  }
});

describe('encoded Structs', () => {
  const check = (bytes: Uint8Array): StructBytes =>
    checkStruct(new Violations(), 'payload', new StructBytes(bytes), 1_000_000);

  test('a Struct in canonical form is stored unchanged', () => {
    fc.assert(
      fc.property(nastyObject, (object) => {
        const { bytes } = StructBytes.of(object as JsonObject);
        expect(check(bytes).bytes).toBe(bytes);
      }),
      { numRuns: 1000 },
    );
  });

  test('a Struct that is accepted unchanged decodes to a valid object', () => {
    const change = fc.tuple(fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(nastyObject, fc.array(change, { minLength: 1, maxLength: 4 }), (object, changes) => {
        const bytes = Uint8Array.from(StructBytes.of(object as JsonObject).bytes);
        for (const [at, byte] of changes) bytes[at % Math.max(1, bytes.length)] = byte;
        if (!isCanonicalStruct(bytes)) return;
        const read = new StructBytes(bytes).toJson();
        expect(violationsOfObject(read)).toEqual([]);
        expectSameJson(read, withoutNegativeZero(read));
      }),
      { numRuns: 5000 },
    );
  });

  /** Encodes an entry `a` by hand, as other clients may. @param value the bytes of its Value */
  const entry = (...value: number[]): number[] => [
    0x0a,
    value.length + 5,
    0x0a,
    1,
    0x61,
    0x12,
    value.length,
    ...value,
  ];

  test.each([
    { name: '-0', bytes: entry(0x11, 0, 0, 0, 0, 0, 0, 0, 0x80), object: { a: 0 } },
    { name: 'a null with a number other than 0', bytes: entry(0x08, 7), object: { a: null } },
    { name: 'two kinds in one Value', bytes: entry(0x20, 1, 0x08, 0), object: { a: null } },
    { name: 'an unknown field', bytes: [0x10, 5, ...entry(0x20, 1)], object: { a: true } },
    { name: 'an entry without a key', bytes: [0x0a, 4, 0x12, 2, 0x20, 1], object: { '': true } },
    {
      name: 'a length with superfluous bytes',
      bytes: [0x0a, 0x87, 0, 0x0a, 1, 0x61, 0x12, 2, 0x20, 1],
      object: { a: true },
    },
  ])('$name is accepted, and stored in canonical form', ({ bytes, object }) => {
    const { bytes: stored } = check(Uint8Array.from(bytes));
    expectSameJson(new StructBytes(stored).toJson(), object);
    expect(violationsOfObject(new StructBytes(stored))).toEqual([]);
  });

  test.each([
    { name: 'NaN', bytes: entry(0x11, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f), expected: /finite/ },
    { name: '-Infinity', bytes: entry(0x11, 0, 0, 0, 0, 0, 0, 0xf0, 0xff), expected: /finite/ },
    { name: 'a Value without a kind', bytes: entry(), expected: /without a kind/ },
    { name: 'U+0000 in a key', bytes: [0x0a, 7, 0x0a, 1, 0, 0x12, 2, 0x20, 1], expected: /U\+0000/ },
    {
      name: 'U+0000 in a key of several characters',
      bytes: [0x0a, 9, 0x0a, 3, 0xc3, 0xa9, 0, 0x12, 2, 0x20, 1],
      expected: /U\+0000/,
    },
    { name: 'text that is not UTF-8', bytes: entry(0x1a, 1, 0xff), expected: /does not decode .* UTF-8/ },
    { name: 'a length beyond the end', bytes: entry(0x1a, 9, 0x61), expected: /does not decode/ },
  ])('$name is invalid', ({ bytes, expected }) => {
    expect(violationsOfObject(new StructBytes(Uint8Array.from(bytes)))).toEqual([
      expect.stringMatching(expected),
    ]);
  });

  test('32 levels are accepted, 33 are not', () => {
    let object: JsonObject = {};
    for (let level = 1; level < 32; level += 1) object = { in: object };
    expect(violationsOfObject(StructBytes.of(object))).toEqual([]);
    expect(violationsOfObject(StructBytes.of({ in: object }))).toEqual([
      'must have at most 32 levels of objects and lists',
    ]);
  });
});
