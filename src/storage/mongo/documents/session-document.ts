import { Types } from 'mongoose';
import type { NewSession, Session } from '../../../core/session';
import { StructBytes } from '../../../core/struct/struct-bytes';
import type { EventDocument, SessionDocument } from './schema';

export function newSessionDocument({ sessionId, status, language, metadata }: NewSession): SessionDocument {
  const now = new Date();
  return {
    _id: new Types.ObjectId(),
    sessionId,
    status,
    language,
    metadata: metadata.bytes,
    startedAt: now,
    changedAt: now,
    endedAt: null,
    endReason: '',
    revision: 1,
  };
}

/** @param last the session's last event; undefined where it has none */
export function toSession(
  document: SessionDocument,
  last: Pick<EventDocument, 'sequence' | 'timestamp'> | undefined,
): Session {
  const { sessionId, status, language, metadata, startedAt, changedAt, endedAt, endReason, revision } =
    document;
  return {
    rowId: document._id.id,
    sessionId,
    status,
    language,
    metadata: new StructBytes(metadata),
    startedAt,
    changedAt,
    endedAt: endedAt ?? undefined,
    endReason,
    eventCount: last?.sequence ?? 0,
    lastEventAt: last?.timestamp,
    revision,
  };
}
