import fc from 'fast-check';
import { decodeUtf8 } from '../../src/core/struct/utf8';

test('valid UTF-8 is decoded unchanged, including a BOM and U+FFFD', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(decodeUtf8(new TextEncoder().encode(text))).toBe(text);
    }),
  );
  for (const text of ['\ufeff', '\ufefftext', '\ufffd', 'a\ufffdb', '\0', '\u{10ffff}']) {
    expect(decodeUtf8(Buffer.from(text))).toBe(text);
  }
});

test('for a view of a larger buffer, only its bytes are decoded', () => {
  expect(decodeUtf8(new TextEncoder().encode('before text after').subarray(7, 11))).toBe('text');
});

test('throws exactly if the strict TextDecoder throws', () => {
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const outcome = (decode: () => string): string | undefined => {
    try {
      return decode();
    } catch {
      return undefined;
    }
  };
  const byte = fc.oneof(
    fc.constantFrom(0xef, 0xbf, 0xbd, 0xc0, 0x80, 0xed, 0xa0, 0xf0, 0x9f, 0xff),
    fc.nat(255),
  );
  fc.assert(
    fc.property(fc.array(byte, { maxLength: 12 }), (bytes) => {
      const array = Uint8Array.from(bytes);
      expect(outcome(() => decodeUtf8(array))).toBe(outcome(() => strict.decode(array)));
    }),
    { numRuns: 5000 },
  );
});
