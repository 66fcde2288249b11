import { Types } from 'mongoose';
import { type NewSession, type Session, SESSION_STATUSES } from '../../../core/session';
import { StructBytes } from '../../../core/struct/struct-bytes';
import {
  checkRow,
  describeValue,
  isBytes,
  isCounter,
  isDate,
  isObjectId,
  isString,
  type RowFormat,
  type Unchecked,
} from './check-row';
import type { LogEnd } from './event-document';
import { type SessionDocument, SESSIONS } from './schema';

/** A session's document with the BSON type of its metadata instead of the metadata, which may be most of it. */
export interface SessionOutline extends Omit<SessionDocument, 'metadata'> {
  readonly metadata: string;
}

/** The aggregation stage that turns a session's document into its outline. */
export const TO_OUTLINE = { $set: { metadata: { $type: '$metadata' } } } as const;

const SESSION_FORMAT: RowFormat<SessionDocument> = {
  collection: SESSIONS,
  checks: {
    _id: isObjectId,
    sessionId: isString,
    status: (value) => SESSION_STATUSES.some((status) => status === value),
    language: isString,
    metadata: isBytes,
    startedAt: isDate,
    changedAt: isDate,
    endedAt: (value) => value === null || isDate(value),
    endReason: isString,
    revision: isCounter,
    endId: (value) => value === undefined || isObjectId(value),
    expiring: (value) => value === undefined || isObjectId(value),
    deletedAt: (value) => value === undefined || value === null,
  },
  nameOf: ({ _id, sessionId }) =>
    `session ${describeValue(sessionId)}, _id ${isObjectId(_id) ? _id.toHexString() : describeValue(_id)}`,
};

const OUTLINE_FORMAT: RowFormat<SessionOutline> = {
  ...SESSION_FORMAT,
  checks: { ...SESSION_FORMAT.checks, metadata: (value) => value === 'binData' },
};

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

/** Does not check that the metadata's bytes are a Struct. @throws UnreadableRowError */
export function checkSession(row: Unchecked<SessionDocument>): SessionDocument {
  return checkRow(row, SESSION_FORMAT);
}

/** @throws UnreadableRowError */
export function checkOutline(row: Unchecked<SessionOutline>): SessionOutline {
  return checkRow(row, OUTLINE_FORMAT);
}

/** @param last the end of the session's log; undefined where it is empty */
export function toSession(document: SessionDocument, last: LogEnd | undefined): Session {
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
