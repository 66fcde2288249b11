import type { Types } from 'mongoose';
import type { Event } from '../../../core/event';
import { UnreadableRowError } from '../../../core/unreadable-row';
import { StructBytes } from '../../../core/struct/struct-bytes';
import {
  checkRow,
  describeValue,
  invalidFieldsReason,
  isBytes,
  isCounter,
  isDate,
  isObjectId,
  isString,
  type RowFormat,
  type Unchecked,
} from './check-row';
import { type EventDocument, EVENTS } from './schema';

const EVENT_FORMAT: RowFormat<EventDocument> = {
  collection: EVENTS,
  checks: {
    _id: isObjectId,
    sessionId: isString,
    eventId: isString,
    sequence: isCounter,
    type: isString,
    payload: isBytes,
    timestamp: isDate,
  },
  nameOf,
};

/** The end of a log. */
export type LogEnd = Pick<EventDocument, 'sequence' | 'timestamp'>;

export function newEventDocument(_id: Types.ObjectId, event: Event): EventDocument {
  const { sessionId, eventId, sequence, type, payload, timestamp } = event;
  return { _id, sessionId, eventId, sequence, type, payload: payload.bytes, timestamp };
}

/**
 * Does not check that the payload's bytes are a Struct: a page of events would cost 40 % more.
 *
 * @throws UnreadableRowError
 */
export function toEvent(row: Unchecked<EventDocument>): Event {
  const { _id, eventId, sessionId, sequence, type, payload, timestamp } = checkRow(row, EVENT_FORMAT);
  return { rowId: _id.id, eventId, sessionId, sequence, type, payload: new StructBytes(payload), timestamp };
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
  return new UnreadableRowError(EVENTS, nameOf({ sessionId, sequence }), reason);
}

function nameOf({ _id, sessionId, sequence }: Unchecked<EventDocument>): string {
  const id = isObjectId(_id) ? `, _id ${_id.toHexString()}` : '';
  return `session ${describeValue(sessionId)}, sequence ${describeValue(sequence)}${id}`;
}
