import { mongo } from 'mongoose';
import type { Event } from '../../../core/event';
import { StructBytes } from '../../../core/struct/struct-bytes';

const { parseToElements } = mongo.BSON.onDemand;

/** The BSON types of an event's fields; see https://bsonspec.org. */
const TYPES = { double: 1, string: 2, binary: 5, objectId: 7, date: 9, int32: 16 } as const;

/** Bytes before the content: a string has its length there, binary its length and subtype. */
const STRING_HEADER_BYTES = 4;
const BINARY_HEADER_BYTES = 5;

/**
 * Decodes the events of a `find` reply straight from its bytes: through the driver's cursors and
 * documents a page costs twice as much.
 *
 * @param cursor the reply's `cursor` field; the events' payloads are views of it
 */
export function decodeEvents(cursor: Buffer): Event[] {
  for (const [, nameAt, nameLength, offset] of parseToElements(cursor)) {
    if (cursor.toString('latin1', nameAt, nameAt + nameLength) !== 'firstBatch') continue;
    return Array.from(parseToElements(cursor, offset), ([, , , eventOffset]) =>
      decodeEvent(cursor, eventOffset),
    );
  }
  throw new Error('a find reply has no firstBatch');
}

function decodeEvent(bytes: Buffer, offset: number): Event {
  let [eventId, sessionId, type, sequence, timestamp] = ['', '', '', NaN, NaN];
  let payload = StructBytes.EMPTY;
  let rowId: Uint8Array | undefined;
  for (const [bsonType, nameAt, nameLength, at, length] of parseToElements(bytes, offset)) {
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
        // The driver encodes an integer as int32 where it fits, and as a double otherwise.
        if (bsonType === TYPES.int32) sequence = bytes.readInt32LE(at);
        else if (bsonType === TYPES.double) sequence = bytes.readDoubleLE(at);
        break;
      case 'payload':
        if (bsonType === TYPES.binary)
          payload = new StructBytes(bytes.subarray(at + BINARY_HEADER_BYTES, end));
        break;
      case 'timestamp':
        if (bsonType === TYPES.date) timestamp = bytes.readInt32LE(at + 4) * 2 ** 32 + bytes.readUInt32LE(at);
        break;
    }
  }
  if (rowId === undefined || eventId === '' || Number.isNaN(sequence) || Number.isNaN(timestamp))
    throw new Error('a stored event lacks a required field');
  return { rowId, eventId, sessionId, sequence, type, payload, timestamp: new Date(timestamp) };
}
