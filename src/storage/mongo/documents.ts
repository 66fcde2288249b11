import { Types } from 'mongoose';
import type { Event } from '../../core/event';
import type { NewSession, Session } from '../../core/session';
import { escapeKeys, unescapeKeys } from './escaped-keys';
import type { EventDocument, SessionDocument } from './schemas';

export function newSessionDocument(session: NewSession): SessionDocument {
  const { object: metadata, escaped } = escapeKeys(session.metadata);
  return {
    _id: new Types.ObjectId(),
    sessionId: session.sessionId,
    status: session.status,
    language: session.language,
    metadata,
    ...(escaped ? { escaped } : {}),
    startedAt: new Date(),
    endedAt: null,
    endReason: '',
  };
}

export function toSession(document: SessionDocument, eventCount: number): Session {
  const { sessionId, status, language, metadata, startedAt, endReason } = document;
  return {
    sessionId,
    status,
    language,
    metadata: document.escaped === true ? unescapeKeys(metadata) : metadata,
    startedAt,
    endedAt: document.endedAt ?? undefined,
    endReason,
    eventCount,
  };
}

export function newEventDocument(_id: Types.ObjectId, event: Event, payloadSize: number): EventDocument {
  const { object: payload, escaped } = escapeKeys(event.payload);
  return { _id, ...event, payload, ...(escaped ? { escaped } : {}), payloadSize };
}

export function toEvent(document: EventDocument): Event {
  const { eventId, sessionId, sequence, type, payload, timestamp } = document;
  return {
    eventId,
    sessionId,
    sequence,
    type,
    payload: document.escaped === true ? unescapeKeys(payload) : payload,
    timestamp,
  };
}

/** Room for an event's own fields beside its ids, type and payload: tags, lengths, sequence, timestamp. */
const EVENT_OVERHEAD_BYTES = 64;

/** An upper bound of the event's bytes in the protobuf encoding: what it takes of a page. */
export function eventSize({ eventId, sessionId, type, payloadSize }: EventDocument): number {
  return payloadSize + 3 * (eventId.length + sessionId.length + type.length) + EVENT_OVERHEAD_BYTES;
}
