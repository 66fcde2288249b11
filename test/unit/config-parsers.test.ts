import {
  parseBytes,
  parseChoice,
  parseDuration,
  parseOptionalText,
  parseText,
  parseInteger,
} from '../../src/config/parsers';

test.each([
  ['1ms', 1],
  ['250ms', 250],
  ['10s', 10_000],
  ['30m', 1_800_000],
  ['12h', 43_200_000],
  ['20d', 1_728_000_000],
])('the duration %s is %d ms', (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
});

test.each([
  '',
  '10',
  's',
  '10 s',
  ' 10s',
  '10S',
  '-1s',
  '1.5s',
  '1e3s',
  '10sec',
  '0x10s',
  '9999999999s',
  '1m30s',
  '10s\n',
  '0s',
  '21d',
])('%j is not a duration', (text) => {
  expect(() => parseDuration(text)).toThrow('must be a duration from 1ms to 20d');
});

test.each(['1toString', '1constructor', '1valueOf'])('%s is neither a duration nor a size', (text) => {
  expect(() => parseDuration(text)).toThrow('must be a duration from 1ms to 20d');
  expect(() => parseBytes(text)).toThrow('must be a size such as');
});

test.each([
  ['512B', 512],
  ['64KiB', 65_536],
  ['256MiB', 268_435_456],
  ['1GiB', 1_073_741_824],
  ['2TiB', 2_199_023_255_552],
])('the size %s is %d bytes', (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

test.each(['', '1', '1KB', '1kib', '1 MiB', '-1B', '1.5GiB', 'MiB'])('%j is not a size', (text) => {
  expect(() => parseBytes(text)).toThrow('must be a size such as');
});

test.each(['0', '7', '007', '65535'])('%s is a whole number', (text) => {
  expect(parseInteger(0, 65_535)(text)).toBe(Number(text));
});

test.each([
  '',
  '-1',
  '65536',
  '1.0',
  '1e3',
  '0x10',
  ' 1',
  '1 ',
  'NaN',
  'Infinity',
  '1_000',
  '٣',
  '9'.repeat(400),
])('%j is not a whole number from 0 to 65535', (text) => {
  expect(() => parseInteger(0, 65_535)(text)).toThrow('must be a whole number from 0 to 65535');
});

test('a choice must match one of the words exactly', () => {
  const parse = parseChoice(['info', 'warn']);
  expect(parse('warn')).toBe('warn');
  for (const text of ['', 'Info', 'info ', 'toString']) {
    expect(() => parse(text)).toThrow('must be one of info, warn');
  }
});

test('text is kept unchanged, and an empty optional text is undefined', () => {
  expect(parseText(' a ')).toBe(' a ');
  expect(parseOptionalText(' a ')).toBe(' a ');
  expect(parseOptionalText('')).toBeUndefined();
});
