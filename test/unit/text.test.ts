import fc from 'fast-check';
import { truncateText } from '../../src/core/validation/text';

test('text that fits is unchanged', () => {
  expect(truncateText('', 3)).toBe('');
  expect(truncateText('four', 4)).toBe('four');
  expect(truncateText('通話', 6)).toBe('通話');
});

test.each([
  { text: 'longer', bytes: 5, cut: 'lo…' },
  { text: '通話中', bytes: 8, cut: '通…' },
  { text: '\u{1f4de}\u{1f4de}', bytes: 7, cut: '\u{1f4de}…' },
  { text: '\u{1f4de}\u{1f4de}', bytes: 6, cut: '…' },
  { text: 'é'.repeat(4), bytes: 6, cut: 'é…' },
])('$text truncated to $bytes bytes is $cut', ({ text, bytes, cut }) => {
  expect(truncateText(text, bytes)).toBe(cut);
});

test('truncated text fits, is well-formed, and is a prefix of the text', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.integer({ min: 3, max: 60 }),
      (text, bytes) => {
        const cut = truncateText(text, bytes);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(bytes);
        expect(cut.isWellFormed()).toBe(true);
        if (cut !== text) {
          expect(cut.endsWith('…')).toBe(true);
          expect(text.startsWith(cut.slice(0, -1))).toBe(true);
          expect(Buffer.byteLength(cut)).toBeGreaterThan(bytes - 8);
        }
      },
    ),
    { numRuns: 2000 },
  );
});
