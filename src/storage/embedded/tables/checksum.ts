import { crc32 } from 'node:zlib';

/** Bytes of the checksum at the end of each stored value. */
export const CHECKSUM_BYTES = 4;

/** The CRC-32 of any bytes that are followed by their own CRC-32 in little-endian order. */
const INTACT = 0x2144df1c;

/** Where the checksum of a row's value starts, so that a value under another key does not match. */
export function checksumSeed(key: Buffer): number {
  return crc32(key);
}

let lastSessionId = '';
let lastSeed = crc32(lastSessionId);

/** The seed of an event's values. Batches and pages ask for many events of one session. */
export function eventSeed(sessionId: string, sequence: number): number {
  if (sessionId !== lastSessionId) {
    lastSessionId = sessionId;
    lastSeed = crc32(sessionId);
  }
  return (lastSeed ^ mixed(sequence)) >>> 0;
}

/** The checksum of a key, which starts from a sequence. */
export function checksumOf(key: Buffer, sequence: number): number {
  return crc32(key, mixed(sequence) >>> 0);
}

/** All 48 bits of a sequence in 32: a sequence with a changed bit has another value. */
function mixed(sequence: number): number {
  return sequence ^ Math.imul(Math.floor(sequence / 2 ** 32), 0x9e3779b1);
}

/** Returns the content with its checksum. */
export function withChecksum(content: Uint8Array, seed: number): Buffer {
  const value = Buffer.allocUnsafe(content.length + CHECKSUM_BYTES);
  value.set(content);
  return writeChecksum(value, seed);
}

/** Writes the checksum into the last bytes of a value, and returns the value. */
export function writeChecksum(value: Buffer, seed: number): Buffer {
  const end = value.length - CHECKSUM_BYTES;
  value.writeUInt32LE(crc32(value.subarray(0, end), seed), end);
  return value;
}

/** Whether a value is as it was stored. */
export function isIntact(value: Buffer, seed: number): boolean {
  return crc32(value, seed) === INTACT;
}

/** Returns a value's content: a view of it. */
export function contentOf(value: Buffer): Buffer {
  return value.subarray(0, value.length - CHECKSUM_BYTES);
}
