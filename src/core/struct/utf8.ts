import { isUtf8 } from 'node:buffer';

/**
 * Decodes a protobuf string, and throws where its bytes are not UTF-8. Decoders
 * that put U+FFFD in their place would make one id of two.
 */
export function decodeUtf8(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('utf8');
  if (text.includes('\uFFFD') && !isUtf8(buffer)) throw new Error('a string is not valid UTF-8');
  return text;
}
