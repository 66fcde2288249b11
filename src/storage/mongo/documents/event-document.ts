import type { Types } from 'mongoose';
import type { Event } from '../../../core/event';
import { StructBytes } from '../../../core/struct/struct-bytes';
import type { EventDocument } from './schema';

export function newEventDocument(_id: Types.ObjectId, event: Event): EventDocument {
  const { sessionId, eventId, sequence, type, payload, timestamp } = event;
  return { _id, sessionId, eventId, sequence, type, payload: payload.bytes, timestamp };
}

export function toEvent(document: EventDocument): Event {
  const { _id, eventId, sessionId, sequence, type, payload, timestamp } = document;
  return { rowId: _id.id, eventId, sessionId, sequence, type, payload: new StructBytes(payload), timestamp };
}
