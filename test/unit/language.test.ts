import { ConversationError } from '../../src/core/errors';
import { checkLanguage } from '../../src/core/validation/language';
import { Violations } from '../../src/core/validation/violations';

function wellFormed(tag: string): boolean {
  const violations = new Violations();
  checkLanguage(violations, 'language', tag);
  try {
    violations.throwIfAny();
    return true;
  } catch (error) {
    if (error instanceof ConversationError && error.violations[0]?.field === 'language') return false;
    throw error;
  }
}

/** Tags of each kind in RFC 5646, most of them its examples. */
const WELL_FORMED = [
  ...['de', 'fr', 'ja', 'haw', 'aaaa', 'abcde', 'abcdefgh', 'EN', 'eN-uS', 'mn-Cyrl-MN'],
  ...['zh-Hant', 'zh-Hans', 'sr-Cyrl', 'sr-Latn', 'zh-cmn-Hans-CN', 'cmn-Hans-CN', 'zh-yue-HK', 'yue-HK'],
  ...['zh-Hans-CN', 'sr-Latn-RS', 'sl-rozaj', 'sl-rozaj-biske', 'sl-nedis', 'de-CH-1901', 'sl-IT-nedis'],
  ...['hy-Latn-IT-arevela', 'de-DE', 'en-US', 'es-419', 'de-CH-x-phonebk', 'az-Arab-x-AZE-derbend'],
  ...['x-whatever', 'x-w-h-a-t', 'qaa-Qaaa-QM-x-southern', 'de-Qaaa', 'sr-Latn-QM', 'en-US-u-islamcal'],
  ...['zh-CN-a-myext-x-private', 'en-a-myext-b-another', 'en-a-bbb-x-a-ccc', 'en-0-ab', 'ar-a-aaa-b-bbb'],
  ...['i-klingon', 'i-enochian', 'I-AMI', 'en-GB-oed', 'sgn-BE-FR', 'sgn-CH-DE', 'art-lojban', 'zh-min-nan'],
  ...['a'.repeat(8), `x${'-abcdefgh'.repeat(28)}`],
];

const MALFORMED = [
  ...[
    '',
    ' ',
    'e',
    'a-DE',
    'en_US',
    'en-',
    '-en',
    'en--US',
    'toolonglanguage',
    'abcdefghi',
    'i',
    'i-unknown',
    'x',
    'x-',
  ],
  ...[
    'de-419-DE',
    'en-US-',
    'en-a',
    'en-a-',
    'en-a-b',
    'en-x',
    'ar-a-aaa-b',
    'x-abcdefghi',
    'en-abcdefghi',
    'en-12345678x',
  ],
  ...[
    'en-US\n',
    '\nen',
    'en us',
    'en-US;q=0.8',
    'de,en',
    '*',
    'en-*',
    'dé',
    'ｅｎ',
    'en\0',
    'en-u\u017f',
    '1',
    '12',
    'en-1',
  ],
  ...['aaaaa-bbb-ccc-ddd-eeee-fffffffff', `x${'-abcdefgh'.repeat(29)}`],
];

test.each(WELL_FORMED)('%s is well-formed', (tag) => {
  expect(wellFormed(tag)).toBe(true);
});

test.each(MALFORMED)('%j is malformed', (tag) => {
  expect(wellFormed(tag)).toBe(false);
});

test('the longest tag is 256 bytes, and long tags are checked quickly', () => {
  expect(wellFormed(`x${'-abcdefg'.repeat(31)}-abcdef`)).toBe(true);
  expect(wellFormed(`x${'-abcdefg'.repeat(31)}-abcdefg`)).toBe(false);
  const startedAt = performance.now();
  for (const part of ['-1a2b3', '-a-bb', '-aaa', '-1aaa', '-x-a']) {
    wellFormed(`en${part.repeat(Math.floor(250 / part.length))}!`);
    wellFormed(`en${part.repeat(100_000)}`);
  }
  expect(performance.now() - startedAt).toBeLessThan(1000);
});
