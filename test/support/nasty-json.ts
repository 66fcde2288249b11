import fc from 'fast-check';

export type JsonObject = Record<string, unknown>;

/** Names with a meaning in JavaScript, in MongoDB, in its driver, or in the storage format. */
const NASTY_NAMES =
  '. .. a.b .a a. $ $set $ref $id $db $where $numberLong $$ROOT $clusterTime cursor firstBatch nextBatch ok errmsg code ' +
  'writeErrors _id _bsontype toBSON sub_type buffer length prototype toJSON then ~ ~~ ~. ~$ref ~~$ref ~_bsontype ' +
  '~__proto__ ~constructor % %24 \\ \uff04 \uff0e 0 1 -1';

const NASTY_CHARACTERS = [
  '',
  ' ',
  '\u{1f4de}',
  '\ufeff',
  '\ufeffkey',
  'e\u0301',
  '\u00e9',
  '\u0001',
  '\u0085',
  '\uffff',
];

export const NASTY_KEYS: readonly string[] = [
  ...NASTY_NAMES.split(' '),
  ...NASTY_CHARACTERS,
  // Inherited by every object: a lookup in a plain object finds these.
  ...Object.getOwnPropertyNames(Object.prototype),
];

/** Generates objects that a Struct can represent, some with nasty keys. */
export const nastyObject: fc.Arbitrary<JsonObject> = fc.letrec<{ value: unknown; object: JsonObject }>(
  (tie) => ({
    value: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      fc.oneof(
        fc.constant(null),
        fc.boolean(),
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.integer(),
        fc.string({ unit: 'binary' }),
      ),
      fc.array(tie('value'), { maxLength: 4 }),
      tie('object'),
    ),
    object: fc
      .array(fc.tuple(nastyKey(), tie('value')), { maxLength: 6 })
      .map((entries) => Object.fromEntries(entries)),
  }),
).object;

function nastyKey(): fc.Arbitrary<string> {
  const any = fc.string({ unit: 'binary', maxLength: 8 }).map((key) => key.replaceAll('\0', ''));
  return fc.oneof(fc.constantFrom(...NASTY_KEYS), any);
}

/** Compares as text with sorted keys: matchers ignore `__proto__`, and treat missing keys as undefined. */
export function expectSameJson(found: unknown, expected: unknown): void {
  expect(canonical(found)).toBe(canonical(expected));
}

/** A text that is the same for equal values. */
export function canonical(value: unknown): string {
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join()}}`;
}

/** Returns the value as it is stored: `-0` as `0`, everything else unchanged. */
export function withoutNegativeZero(value: unknown): unknown {
  if (typeof value === 'number') return value + 0;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutNegativeZero);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutNegativeZero(item)]));
}
