import { Types } from 'mongoose';
import type { Event } from '../../../core/event';
import type { NewSession, Session } from '../../../core/session';
import { StructBytes } from '../../../core/struct/struct-bytes';
import type { EventDocument, SessionDocument } from './schema';

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
    revision: 1,
  };
}

/** @param last the place of its last event; undefined: it has none */
export function toSession(
  document: SessionDocument,
  last: Pick<EventDocument, 'sequence' | 'timestamp'> | undefined,
): Session {
  const { sessionId, status, language, metadata, startedAt, endedAt, endReason, revision } = document;
  return {
    rowId: document._id.id,
    sessionId,
    status,
    language,
    metadata: new StructBytes(metadata),
    startedAt,
    endedAt: endedAt ?? undefined,
    endReason,
    eventCount: last?.sequence ?? 0,
    lastEventAt: last?.timestamp,
    revision,
  };
}

export function newEventDocument(_id: Types.ObjectId, event: Event): EventDocument {
  const { sessionId, eventId, sequence, type, payload, timestamp } = event;
  return { _id, sessionId, eventId, sequence, type, payload: payload.bytes, timestamp };
}

export function toEvent(document: EventDocument): Event {
  const { _id, eventId, sessionId, sequence, type, payload, timestamp } = document;
  return { rowId: _id.id, eventId, sessionId, sequence, type, payload: new StructBytes(payload), timestamp };
}
