import { Event as EventMessage } from '../../../generated/conversation/v1/event';
import type { Event } from '../../core/event';
import type { Session } from '../../core/session';
import { StructBytes } from '../../core/struct/struct-bytes';
import { encodeMessage } from '../../protobuf/encode-message';
import { ROW_ID_BYTES } from './row-id';

/** A session as it is stored: its row id, and all but what the log knows. */
export interface StoredSession extends Omit<Session, 'eventCount' | 'lastEventAt'> {
  readonly rowId: string;
}

/** What is left of a deleted session. */
interface Tombstone {
  readonly deletedAt: number;
}

/** The JSON that a session is stored as: times in milliseconds since the epoch, metadata in base64. */
interface SessionRecord extends Omit<StoredSession, 'startedAt' | 'endedAt' | 'metadata'> {
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly metadata: string;
}

export function encodeSession(session: StoredSession): Buffer {
  const record: SessionRecord = {
    ...session,
    startedAt: session.startedAt.getTime(),
    endedAt: session.endedAt?.getTime() ?? null,
    metadata: Buffer.from(session.metadata.bytes).toString('base64'),
  };
  return Buffer.from(JSON.stringify(record));
}

/** Undefined: it is deleted. */
export function decodeSession(value: Buffer): StoredSession | undefined {
  const record = JSON.parse(value.toString()) as SessionRecord | Tombstone;
  if ('deletedAt' in record) return undefined;
  return {
    ...record,
    startedAt: new Date(record.startedAt),
    endedAt: record.endedAt === null ? undefined : new Date(record.endedAt),
    metadata: new StructBytes(Buffer.from(record.metadata, 'base64')),
  };
}

export function encodeTombstone(deletedAt: Date): Buffer {
  const tombstone: Tombstone = { deletedAt: deletedAt.getTime() };
  return Buffer.from(JSON.stringify(tombstone));
}

/** When the session was deleted; undefined where it was not. */
export function decodeTombstone(value: Buffer): Date | undefined {
  const record = JSON.parse(value.toString()) as SessionRecord | Tombstone;
  return 'deletedAt' in record ? new Date(record.deletedAt) : undefined;
}

/**
 * An event's row: the row's id, then the API's own message, so the rules of the proto's evolution
 * are those of the data's, and a reader is sent what is stored.
 */
export function encodeEvent(rowId: Buffer, event: Event): Buffer {
  return Buffer.concat([rowId, encodeMessage(EventMessage, event)]);
}

/** The event's message, of its row. */
export function messageOf(row: Buffer): Buffer {
  return row.subarray(ROW_ID_BYTES);
}
