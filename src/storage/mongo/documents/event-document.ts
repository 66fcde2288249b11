import type { Types } from 'mongoose';
import type { Event } from '../../../core/event';
import { UnreadableRowError } from '../../../core/unreadable-row';
import {
  describeValue,
  invalidFieldsReason,
  isCounter,
  isDate,
  isObjectId,
  type Unchecked,
} from './check-row';
import { type EventDocument, EVENTS } from './schema';
import { type BsonWriter, fieldName } from './struct-bson/bson-writer';

const FIELDS = {
  id: fieldName('_id'),
  sessionId: fieldName('sessionId'),
  eventId: fieldName('eventId'),
  sequence: fieldName('sequence'),
  type: fieldName('type'),
  payload: fieldName('payload'),
  timestamp: fieldName('timestamp'),
};

/** The end of a log. */
export type LogEnd = Pick<EventDocument, 'sequence' | 'timestamp'>;

export function newEventDocument(_id: Types.ObjectId, event: Event): EventDocument {
  const { sessionId, eventId, sequence, type, payload, timestamp } = event;
  return { _id, sessionId, eventId, sequence, type, payload: payload.bytes, timestamp };
}

/** Writes the document as BSON: the payload as a document of its own. */
export function writeEvent(writer: BsonWriter, document: EventDocument): void {
  writer.startDocument();
  writer.objectId(FIELDS.id, document._id.id);
  writer.string(FIELDS.sessionId, document.sessionId);
  writer.string(FIELDS.eventId, document.eventId);
  writer.integer(FIELDS.sequence, document.sequence);
  writer.string(FIELDS.type, document.type);
  writer.struct(FIELDS.payload, document.payload);
  writer.date(FIELDS.timestamp, document.timestamp.getTime());
  writer.endDocument();
}

/** @throws UnreadableRowError */
export function toLogEnd(sessionId: string, { sequence, timestamp }: Unchecked<LogEnd>): LogEnd {
  if (isCounter(sequence) && isDate(timestamp)) return { sequence, timestamp };
  throw unreadableEvent(sessionId, sequence, invalidFieldsReason(['sequence or timestamp']));
}

/** The error of a log that has later events, but none with this sequence. */
export function missingEvent(sessionId: string, sequence: number): UnreadableRowError {
  return unreadableEvent(sessionId, sequence, 'the session has no event at this sequence, but later ones');
}

/** The error of an event that is stored, but that pages lack. */
export function hiddenEvent(sessionId: string, sequence: number): UnreadableRowError {
  return unreadableEvent(sessionId, sequence, 'rows whose sequences are not whole numbers hide it');
}

/** The error of a log that has two events with this sequence. */
export function doubledEvent(sessionId: string, sequence: number): UnreadableRowError {
  return unreadableEvent(sessionId, sequence, 'the session has more than one event at this sequence');
}

function unreadableEvent(sessionId: string, sequence: unknown, reason: string): UnreadableRowError {
  return new UnreadableRowError(EVENTS, nameOfEvent({ sessionId, sequence }), reason);
}

export function nameOfEvent({ _id, sessionId, sequence }: Unchecked<EventDocument>): string {
  const id = isObjectId(_id) ? `, _id ${_id.toHexString()}` : '';
  return `session ${describeValue(sessionId)}, sequence ${describeValue(sequence)}${id}`;
}
