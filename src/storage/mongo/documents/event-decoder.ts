import { mongo } from 'mongoose';
import type { Event } from '../../../core/event';
import { StructBytes } from '../../../core/struct/struct-bytes';
import { isCounter, isDate } from './check-row';

const { parseToElements } = mongo.BSON.onDemand;

/** The BSON types of an event's fields; see https://bsonspec.org. */
const TYPES = { double: 1, string: 2, binary: 5, objectId: 7, date: 9, int32: 16, int64: 18 } as const;

/** Bytes before the content: a string has its length there, binary its length and subtype. */
const STRING_HEADER_BYTES = 4;
const BINARY_HEADER_BYTES = 5;

/** An event, and how many bytes came from the database for it. */
export interface EventRow extends Event {
  readonly rowBytes: number;
}

/**
 * Decodes events straight from their BSON: through the driver's documents a page costs twice as
 * much. Leaves out the rows that `toEvent` cannot read, so that each is a gap in its log. The
 * events' payloads are views of the rows.
 */
export function decodeEvents(rows: readonly Buffer[]): EventRow[] {
  const events: EventRow[] = [];
  for (const row of rows) {
    const event = decodeEvent(row);
    if (event !== undefined) events.push(event);
  }
  return events;
}

/** Returns undefined if a field is missing or has a wrong type. */
function decodeEvent(bytes: Buffer): EventRow | undefined {
  let eventId: string | undefined;
  let sessionId: string | undefined;
  let type: string | undefined;
  let payload: StructBytes | undefined;
  let rowId: Uint8Array | undefined;
  let [sequence, timestamp] = [NaN, NaN];
  for (const [bsonType, nameAt, nameLength, at, length] of parseToElements(bytes)) {
    const end = at + length;
    switch (bytes.toString('latin1', nameAt, nameAt + nameLength)) {
      case '_id':
        if (bsonType === TYPES.objectId) rowId = bytes.subarray(at, end);
        break;
      case 'sessionId':
        if (bsonType === TYPES.string) sessionId = bytes.toString('utf8', at + STRING_HEADER_BYTES, end - 1);
        break;
      case 'eventId':
        if (bsonType === TYPES.string) eventId = bytes.toString('utf8', at + STRING_HEADER_BYTES, end - 1);
        break;
      case 'type':
        if (bsonType === TYPES.string) type = bytes.toString('utf8', at + STRING_HEADER_BYTES, end - 1);
        break;
      case 'sequence':
        // The driver encodes an integer as int32 where it fits, and as a double otherwise; other tools use int64.
        if (bsonType === TYPES.int32) sequence = bytes.readInt32LE(at);
        else if (bsonType === TYPES.double) sequence = bytes.readDoubleLE(at);
        else if (bsonType === TYPES.int64) sequence = readInt64(bytes, at);
        break;
      case 'payload':
        if (bsonType === TYPES.binary)
          payload = new StructBytes(bytes.subarray(at + headerBytes(bytes, at), end));
        break;
      case 'timestamp':
        if (bsonType === TYPES.date) timestamp = readInt64(bytes, at);
        break;
    }
  }
  const date = new Date(timestamp);
  if (rowId === undefined || sessionId === undefined || eventId === undefined) return undefined;
  if (type === undefined || payload === undefined) return undefined;
  if (!isCounter(sequence) || !isDate(date)) return undefined;
  return { rowId, eventId, sessionId, sequence, type, payload, timestamp: date, rowBytes: bytes.length };
}

/** Bytes before the content of a binary value. The old subtype 2 has its length a second time. */
function headerBytes(bytes: Buffer, at: number): number {
  const isOld = bytes[at + BINARY_HEADER_BYTES - 1] === 2;
  return isOld ? BINARY_HEADER_BYTES + STRING_HEADER_BYTES : BINARY_HEADER_BYTES;
}

/** Reads an integer, exactly if it is a safe one. */
function readInt64(bytes: Buffer, at: number): number {
  return bytes.readInt32LE(at + 4) * 2 ** 32 + bytes.readUInt32LE(at);
}
