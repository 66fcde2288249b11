import fc from 'fast-check';
import { findInexactNumbers } from '../../src/http/inexact-numbers';

const found = (value: string): string[] =>
  findInexactNumbers(`{"payload":${value}}`).map(({ field, inside }) => field + inside);

describe('Whole numbers in JSON that a double cannot hold', () => {
  it.each([
    '9007199254740993',
    '-9007199254740993',
    '9007199254740993.0',
    '9007199254740993000e-3',
    '9.007199254740993e15',
    '9.007199254740993E+15',
    '90071992547409930000000000000000000000000001',
    '18446744073709551615',
    '1234567890123456789',
    `1${'0'.repeat(25)}1`,
    // Beyond the range of a double.
    ...['1e400', '-1e400', `1${'0'.repeat(400)}`, `0.${'0'.repeat(5)}1e400`],
    `0.${'0'.repeat(5)}1234567890123456789e25`,
  ])('%s is found', (number) => {
    expect(found(`{"a":[1,${number}]}`)).toEqual(['payload.a[1]']);
  });

  it.each([
    ...['0', '-0', '1e3', '9007199254740991', '9007199254740992', '9007199254740992.0', '-9007199254740994'],
    // 2^60, exactly and as JavaScript writes it; the largest double.
    ...['1152921504606846976', '1152921504606847000', '1e23', '1e22', '1.7976931348623157e308', '1e308'],
    // Not whole: their doubles are the nearest.
    ...['0.12345678901234567890', '9007199254740993.5', '12345678901234567890.1', '9007199254740993e-1'],
    // No numbers.
    ...['"9007199254740993"', '[", 9007199254740993"]', '"\\", 9007199254740993"', '{":9007199254740993":1}'],
  ])('%s is not found', (value) => {
    expect(found(value)).toEqual([]);
  });

  it.each([
    ['9007199254740993', 'payload'],
    ['[[0, 1], [ 2 , 9007199254740993 ]]', 'payload[1][1]'],
    ['{"a":{"b":1},"c":[{"d":"x,:[{"},{"e":9007199254740993}]}', 'payload.c[1].e'],
    ['{"a\\"b":9007199254740993}', 'payload["a\\"b"]'],
    ['{"":9007199254740993}', 'payload[""]'],
    ['{"a.b":{"\\\\":{"\\u0061":9007199254740993}}}', 'payload["a.b"]["\\\\"].a'],
    ['{"x":"\\\\\\"","y":9007199254740993}', 'payload.y'],
    ['{"first name":{"größe":9007199254740993}}', 'payload["first name"].größe'],
  ])('in %s it is at %s', (value, path) => {
    expect(found(value)).toEqual([path]);
  });

  it('finds each, up to as many as an error lists', () => {
    expect(found('[9007199254740993,1,9007199254740995]')).toEqual(['payload[0]', 'payload[2]']);
    expect(found(`[${Array<string>(50).fill('9007199254740993').join()}]`)).toHaveLength(20);
  });

  it('truncates long keys in a path, and leaves out numbers that are too deep for a Struct', () => {
    expect(found(`{"${'k'.repeat(1000)}":9007199254740993}`)).toEqual([`payload["${'k'.repeat(97)}…"]`]);
    expect(found('['.repeat(32) + '9007199254740993' + ']'.repeat(32))).toEqual([
      `payload${'[0]'.repeat(32)}`,
    ]);
    expect(found('['.repeat(100_000) + '9007199254740993' + ']'.repeat(100_000))).toEqual([]);
  });

  it('any JSON that was written from doubles has none', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.double({ noDefaultInfinity: true, noNaN: true }), (value, number) => {
        expect(found(JSON.stringify([value, number, Math.round(number)]))).toEqual([]);
      }),
    );
  });

  it('a whole number is found exactly if its double differs from it and is not written like it', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), (number) => {
        const isSame =
          BigInt(Number(number)) === number ||
          BigInt(String(Number(number)).replace(/e.*/, '').replace('.', '')) === number;
        expect(found(String(number)).length === 0).toBe(isSame);
      }),
    );
  });
});
