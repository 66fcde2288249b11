import fc from 'fast-check';
import { type JsonObject, type JsonValue, sameJson, setKey } from '../../src/core/struct/json';

const json = (text: string): JsonValue => JSON.parse(text) as JsonValue;

test('a value equals its copy with the keys in another order', () => {
  const reversed = (value: JsonValue): JsonValue => {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map(reversed);
    const copy: JsonObject = {};
    for (const key of Object.keys(value).reverse()) setKey(copy, key, reversed(value[key] ?? null));
    return copy;
  };
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const one = json(JSON.stringify(value));
      expect(sameJson(one, reversed(one))).toBe(true);
    }),
  );
});

test('two values are equal exactly if their JSON texts with sorted keys are equal', () => {
  const small = fc.jsonValue({ maxDepth: 2, stringUnit: fc.constantFrom('a', 'b') });
  const sorted = (value: JsonValue): string =>
    JSON.stringify(value, (_, item: JsonValue) =>
      typeof item === 'object' && item !== null && !Array.isArray(item)
        ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
        : item,
    );
  fc.assert(
    fc.property(small, small, (a, b) => {
      const [one, other] = [json(JSON.stringify(a)), json(JSON.stringify(b))];
      expect(sameJson(one, other)).toBe(sorted(one) === sorted(other));
    }),
    { numRuns: 2000 },
  );
});

test.each([
  { a: '{"__proto__":1}', b: '{}' },
  { a: '{"__proto__":{}}', b: '{"toString":{}}' },
  { a: '{"a":null}', b: '{}' },
  { a: '{"a":null}', b: '{"b":null}' },
  { a: '[null]', b: '[]' },
  { a: '{}', b: '[]' },
  { a: '{"0":1}', b: '[1]' },
  { a: 'null', b: '{}' },
  { a: '0', b: 'false' },
  { a: '1', b: '"1"' },
])('$a and $b differ, in both directions', ({ a, b }) => {
  expect(sameJson(json(a), json(b))).toBe(false);
  expect(sameJson(json(b), json(a))).toBe(false);
});

test('0 and -0 are equal', () => {
  expect(sameJson({ a: [0] }, { a: [-0] })).toBe(true);
});

test('setKey sets an own key of any name', () => {
  const object: Record<string, unknown> = {};
  for (const key of ['__proto__', 'constructor', '']) setKey(object, key, { key });
  expect(Object.entries(object)).toEqual([
    ['__proto__', { key: '__proto__' }],
    ['constructor', { key: 'constructor' }],
    ['', { key: '' }],
  ]);
  expect(Object.getPrototypeOf(object)).toBe(Object.prototype);
});
