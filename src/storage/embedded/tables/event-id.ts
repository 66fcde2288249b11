import { CHECKSUM_BYTES, checksumOf } from './checksum';

/** Of a sequence. */
const SEQUENCE_BYTES = 6;

/**
 * The value of an event ID: the event's sequence, and a checksum of the key that starts from the
 * sequence. One checksum of both would cost twice as much.
 */
export function encodeEventId(key: Buffer, sequence: number): Buffer {
  const value = Buffer.allocUnsafe(SEQUENCE_BYTES + CHECKSUM_BYTES);
  value.writeUIntBE(sequence, 0, SEQUENCE_BYTES);
  value.writeUInt32LE(checksumOf(key, sequence), SEQUENCE_BYTES);
  return value;
}

/** Returns the sequence; undefined if the value is damaged. */
export function decodeEventId(key: Buffer, value: Buffer): number | undefined {
  if (value.length !== SEQUENCE_BYTES + CHECKSUM_BYTES) return undefined;
  const sequence = value.readUIntBE(0, SEQUENCE_BYTES);
  return value.readUInt32LE(SEQUENCE_BYTES) === checksumOf(key, sequence) ? sequence : undefined;
}
