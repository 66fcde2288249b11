import { mongo } from 'mongoose';
import type { Event } from '../../../core/event';
import { StructBytes } from '../../../core/struct/struct-bytes';

const { parseToElements } = mongo.BSON.onDemand;

/** BSON's numbers for the types of an event's fields; see https://bsonspec.org. */
const TYPES = { double: 1, string: 2, binary: 5, objectId: 7, date: 9, int32: 16 } as const;

/** Bytes before the content of a string and of binary: the length, and binary's subtype. */
const STRING_HEAD = 4;
const BINARY_HEAD = 5;

/**
 * The events of a reply to `find`, straight from its bytes: through the driver's cursors and
 * documents a page costs twice as much.
 *
 * @param cursor the reply's field of this name; the events' payloads are views of it
 */
export function readRows(cursor: Buffer): Event[] {
  for (const [, nameAt, nameLength, at] of parseToElements(cursor)) {
    if (cursor.toString('latin1', nameAt, nameAt + nameLength) !== 'firstBatch') continue;
    return Array.from(parseToElements(cursor, at), ([, , , rowAt]) => readRow(cursor, rowAt));
  }
  throw new Error('a reply to find lacks its firstBatch');
}

function readRow(bytes: Buffer, offset: number): Event {
  let [eventId, sessionId, type, sequence, timestamp] = ['', '', '', NaN, NaN];
  let payload = StructBytes.EMPTY;
  let rowId: Uint8Array | undefined;
  for (const [found, nameAt, nameLength, at, length] of parseToElements(bytes, offset)) {
    const end = at + length;
    switch (bytes.toString('latin1', nameAt, nameAt + nameLength)) {
      case '_id':
        if (found === TYPES.objectId) rowId = bytes.subarray(at, end);
        break;
      case 'sessionId':
        if (found === TYPES.string) sessionId = bytes.toString('utf8', at + STRING_HEAD, end - 1);
        break;
      case 'eventId':
        if (found === TYPES.string) eventId = bytes.toString('utf8', at + STRING_HEAD, end - 1);
        break;
      case 'type':
        if (found === TYPES.string) type = bytes.toString('utf8', at + STRING_HEAD, end - 1);
        break;
      case 'sequence':
        // The driver writes a whole number that fits as 32 bits, and a larger one as a double.
        if (found === TYPES.int32) sequence = bytes.readInt32LE(at);
        else if (found === TYPES.double) sequence = bytes.readDoubleLE(at);
        break;
      case 'payload':
        if (found === TYPES.binary) payload = new StructBytes(bytes.subarray(at + BINARY_HEAD, end));
        break;
      case 'timestamp':
        if (found === TYPES.date) timestamp = bytes.readInt32LE(at + 4) * 2 ** 32 + bytes.readUInt32LE(at);
        break;
    }
  }
  if (rowId === undefined || eventId === '' || Number.isNaN(sequence) || Number.isNaN(timestamp))
    throw new Error('an event is not stored as this service stores them');
  return { rowId, eventId, sessionId, sequence, type, payload, timestamp: new Date(timestamp) };
}
