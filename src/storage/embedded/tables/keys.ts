/**
 * Keys are bytes: the `session_id`, a zero byte, and what orders rows within the session. IDs cannot
 * contain a zero byte, so the keys of different sessions never interleave.
 */

/** The largest sequence that fits into a key: 48 bits. */
export const LAST_SEQUENCE = 2 ** 48 - 1;

const SEQUENCE_BYTES = 6;

export function sessionKey(sessionId: string): Buffer {
  return Buffer.from(sessionId);
}

/** Big-endian, so that keys sort by sequence. */
export function eventKey(sessionId: string, sequence: number): Buffer {
  const idBytes = Buffer.byteLength(sessionId);
  const key = Buffer.alloc(idBytes + 1 + SEQUENCE_BYTES);
  key.write(sessionId);
  key.writeUIntBE(sequence, idBytes + 1, SEQUENCE_BYTES);
  return key;
}

export function eventIdKey(sessionId: string, eventId: string): Buffer {
  return Buffer.from(`${sessionId}\0${eventId}`);
}

export function sequenceOf(eventKeyBytes: Uint8Array): number {
  const key = Buffer.from(eventKeyBytes.buffer, eventKeyBytes.byteOffset, eventKeyBytes.byteLength);
  return key.readUIntBE(key.length - SEQUENCE_BYTES, SEQUENCE_BYTES);
}

export function encodeSequence(sequence: number): Buffer {
  const bytes = Buffer.alloc(SEQUENCE_BYTES);
  bytes.writeUIntBE(sequence, 0, SEQUENCE_BYTES);
  return bytes;
}

export function decodeSequence(bytes: Buffer): number {
  return bytes.readUIntBE(0, SEQUENCE_BYTES);
}
