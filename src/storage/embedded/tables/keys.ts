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
  const key = Buffer.allocUnsafe(idBytes + 1 + SEQUENCE_BYTES);
  key.write(sessionId);
  key[idBytes] = 0;
  key.writeUIntBE(sequence, idBytes + 1, SEQUENCE_BYTES);
  return key;
}

export function eventIdKey(sessionId: string, eventId: string): Buffer {
  return Buffer.from(`${sessionId}\0${eventId}`);
}

/** All keys of a session's log, for LMDB's ranges. */
export function logRange(sessionId: string): { start: Buffer; end: Buffer } {
  return { start: eventKey(sessionId, 0), end: eventKey(sessionId, LAST_SEQUENCE) };
}

/** All keys of a session's event IDs. */
export function eventIdRange(sessionId: string): { start: Buffer; end: Buffer } {
  return { start: Buffer.from(`${sessionId}\0`), end: Buffer.from(`${sessionId}\u0001`) };
}

/** A key of a log: bytes when it is written, its sequence when it is read. */
export type LogKey = Buffer | number;

/** Reads only the sequence: the reader knows the session, and a copy of the key would cost ten times as much. */
export const LOG_KEYS = {
  writeKey(key: Buffer, target: Buffer, start: number): number {
    target.set(key, start);
    return start + key.length;
  },
  readKey(source: Buffer, _start: number, end: number): number {
    return source.readUIntBE(end - SEQUENCE_BYTES, SEQUENCE_BYTES);
  },
};
