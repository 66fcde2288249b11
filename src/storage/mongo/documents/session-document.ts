import { Types } from 'mongoose';
import { type NewSession, type Session, SESSION_STATUSES } from '../../../core/session';
import { StructBytes } from '../../../core/struct/struct-bytes';
import {
  checkRow,
  describeValue,
  deserializeRow,
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
import { structFromBson } from './struct-bson/bson-to-struct';
import { type BsonWriter, fieldName } from './struct-bson/bson-writer';
import { NotStructError } from './struct-bson/not-struct-error';

/** A session's document with the BSON type of its metadata instead of the metadata, which may be most of it. */
export interface SessionOutline extends Omit<SessionDocument, 'metadata'> {
  readonly metadata: string;
}

/** The aggregation stage that turns a session's document into its outline. */
export const TO_OUTLINE = { $set: { metadata: { $type: '$metadata' } } } as const;

const FIELDS = {
  id: fieldName('_id'),
  sessionId: fieldName('sessionId'),
  status: fieldName('status'),
  language: fieldName('language'),
  metadata: fieldName('metadata'),
  startedAt: fieldName('startedAt'),
  changedAt: fieldName('changedAt'),
  endedAt: fieldName('endedAt'),
  endReason: fieldName('endReason'),
  revision: fieldName('revision'),
  endId: fieldName('endId'),
};

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
  checks: { ...SESSION_FORMAT.checks, metadata: (value) => value === 'object' },
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

/** Writes the document as BSON: the metadata as a document of its own. */
export function writeSession(writer: BsonWriter, document: SessionDocument): void {
  const { endedAt, endId } = document;
  writer.startDocument();
  writer.objectId(FIELDS.id, document._id.id);
  writer.string(FIELDS.sessionId, document.sessionId);
  writer.string(FIELDS.status, document.status);
  writer.string(FIELDS.language, document.language);
  writer.struct(FIELDS.metadata, document.metadata);
  writer.date(FIELDS.startedAt, document.startedAt.getTime());
  writer.date(FIELDS.changedAt, document.changedAt.getTime());
  if (endedAt === null) writer.null(FIELDS.endedAt);
  else writer.date(FIELDS.endedAt, endedAt.getTime());
  writer.string(FIELDS.endReason, document.endReason);
  writer.integer(FIELDS.revision, document.revision);
  if (endId !== undefined) writer.objectId(FIELDS.endId, endId.id);
  writer.endDocument();
}

/** Reads a session's fields from their BSON, unchecked: its metadata as an encoded Struct, if it can be one. */
export function readSessionFields(row: Buffer): Unchecked<SessionDocument> & Record<string, unknown> {
  const fields = deserializeRow(row);
  return { ...fields, metadata: toStruct(fields.metadata) };
}

/** @param value a document's bytes, or what another program wrote */
function toStruct(value: unknown): unknown {
  if (!Buffer.isBuffer(value)) return value;
  try {
    return structFromBson(value);
  } catch (error) {
    if (error instanceof NotStructError) return undefined;
    throw error;
  }
}

/** @throws UnreadableRowError */
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
