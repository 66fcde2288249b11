import { Types } from 'mongoose';
import type { Event } from '../../core/event';
import type { NewSession, Session } from '../../core/session';
import { StructBytes } from '../../core/struct/struct-bytes';
import type { EventDocument, SessionDocument } from './schemas';

export function newSessionDocument({ sessionId, status, language, metadata }: NewSession): SessionDocument {
  return {
    _id: new Types.ObjectId(),
    sessionId,
    status,
    language,
    metadata: metadata.bytes,
    startedAt: new Date(),
    endedAt: null,
    endReason: '',
  };
}

export function toSession(document: SessionDocument, eventCount: number): Session {
  const { sessionId, status, language, metadata, startedAt, endedAt, endReason } = document;
  return {
    sessionId,
    status,
    language,
    metadata: new StructBytes(metadata),
    startedAt,
    endedAt: endedAt ?? undefined,
    endReason,
    eventCount,
  };
}

export function newEventDocument(_id: Types.ObjectId, event: Event): EventDocument {
  const { sessionId, eventId, sequence, type, payload, timestamp } = event;
  return { _id, sessionId, eventId, sequence, type, payload: payload.bytes, timestamp };
}

export function toEvent(document: EventDocument): Event {
  const { eventId, sessionId, sequence, type, payload, timestamp } = document;
  return { eventId, sessionId, sequence, type, payload: new StructBytes(payload), timestamp };
}

/** Room for an event's own fields beside its ids, type and payload: tags, lengths, sequence, timestamp. */
const EVENT_OVERHEAD_BYTES = 64;

/** An upper bound of the event's bytes in the protobuf encoding: what it takes of a page. */
export function eventSize({ eventId, sessionId, type, payload }: Event): number {
  return payload.bytes.length + 3 * (eventId.length + sessionId.length + type.length) + EVENT_OVERHEAD_BYTES;
}
