import { BinaryWriter } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { ConversationError } from '../../src/core/errors';
import type { JsonObject } from '../../src/core/json';
import { checkStruct } from '../../src/core/struct';
import { Violations } from '../../src/core/violations';
import { Struct } from '../../src/protobuf/struct';
import { nastyObject } from '../support/nasty-json';

/** What is wrong with the value. */
function faultsOf(value: unknown, maximumBytes = 1_000_000): string[] {
  const violations = new Violations();
  checkStruct(violations, 'payload', { value } as JsonObject, maximumBytes);
  try {
    violations.throwIfAny();
    return [];
  } catch (error) {
    if (error instanceof ConversationError) return error.violations.map(({ description }) => description);
    throw error;
  }
}

function sizeOf(object: object): number {
  return checkStruct(new Violations(), 'payload', { ...object }, 0).size;
}

const encodedLength = (object: Record<string, unknown>): number =>
  Struct.encode(object, new BinaryWriter()).finish().length;

test('the size is the length of the encoding', () => {
  fc.assert(
    fc.property(nastyObject, (object) => {
      expect(sizeOf(object)).toBe(encodedLength(object));
    }),
    { numRuns: 1000 },
  );
});

test('so it is on both sides of each boundary of a length', () => {
  for (const boundary of [2 ** 7, 2 ** 14, 2 ** 21]) {
    for (let length = boundary - 30; length <= boundary + 2; length += 1) {
      const text = 'x'.repeat(length);
      for (const object of [{ text }, { [text]: 1 }, { a: [text] }, { a: { b: text } }]) {
        expect(sizeOf(object)).toBe(encodedLength(object));
      }
    }
  }
});

test('so it is of text in characters of one to four bytes', () => {
  const object = { a: 'aé通\u{1f4de}', 'é通\u{1f4de}': '\ufeff' };
  expect(sizeOf(object)).toBe(encodedLength(object));
});

test('an absent object is {}, of no bytes', () => {
  expect(checkStruct(new Violations(), 'payload', undefined, 0)).toEqual({ object: {}, size: 0 });
});

test('a size beyond the maximum is said with both', () => {
  expect(faultsOf('x', 10)).toEqual(['must be at most 10 bytes in the protobuf encoding, and is 14']);
  expect(faultsOf('x', 14)).toEqual([]);
});

test('each kind of fault is said once', () => {
  expect(faultsOf([NaN, Infinity, -Infinity, undefined, [undefined], { 'a\0': NaN, '\0': 1 }])).toEqual([
    'must hold finite numbers only, no NaN and no infinity',
    'must not hold a Value of no kind: set null_value for null',
    'must not contain the character U+0000 in a key',
  ]);
});

test.each(['\ud800', 'a\udc00b', { '\udbff': 1 }, ['\udfff']])(
  'half of a surrogate pair is invalid: %j',
  (value) => {
    expect(faultsOf(value)).toEqual(['must hold valid Unicode only: a string has half of a surrogate pair']);
  },
);

test('levels count objects and lists, the outermost as 1', () => {
  const nested = (levels: number): unknown => {
    let inner: unknown = null;
    for (let level = 0; level < levels; level += 1) inner = level % 2 === 0 ? [inner] : { inner };
    return inner;
  };
  expect(faultsOf(nested(31))).toEqual([]);
  for (const levels of [32, 100, 100_000]) {
    expect(faultsOf(nested(levels))).toEqual(['must have at most 32 levels of objects and lists']);
  }
});
