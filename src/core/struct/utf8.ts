import { isUtf8 } from 'node:buffer';

/**
 * Decodes a protobuf string, and throws if it is not valid UTF-8. Decoding invalid bytes as U+FFFD
 * would make different IDs equal.
 */
export function decodeUtf8(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('utf8');
  if (text.includes('\uFFFD') && !isUtf8(buffer)) throw new Error('a string is not valid UTF-8');
  return text;
}
