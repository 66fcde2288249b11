import fc from 'fast-check';

export type JsonObject = Record<string, unknown>;

/** Names that mean something to JavaScript, to MongoDB, to its driver or to how we store them. */
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
  // What every object inherits: a look-up in a plain object finds these.
  ...Object.getOwnPropertyNames(Object.prototype),
];

/** Any object that a Struct can hold, with nasty keys among its keys. */
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

/** Compares as text with sorted keys: matchers pass over `__proto__`, and take what is missing for undefined. */
export function expectSameJson(found: unknown, expected: unknown): void {
  expect(canonical(found)).toBe(canonical(expected));
}

function canonical(value: unknown): string {
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join()}}`;
}

/** What is to come back: `-0` as `0`, all else as it went in. */
export function withoutNegativeZero(value: unknown): unknown {
  if (typeof value === 'number') return value + 0;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutNegativeZero);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutNegativeZero(item)]));
}
