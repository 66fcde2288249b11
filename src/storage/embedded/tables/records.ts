import { Event as EventMessage } from '../../../../generated/conversation/v1/event';
import type { Event } from '../../../core/event';
import type { Session } from '../../../core/session';
import { StructBytes } from '../../../core/struct/struct-bytes';
import { encodeMessage } from '../../../protobuf/encode-message';
import { ROW_ID_BYTES } from './row-id';

/** A session as it is stored: all but what the log knows. */
export type StoredSession = Omit<Session, 'eventCount' | 'lastEventAt'>;

/** What is left of a deleted session. */
interface Tombstone {
  readonly deletedAt: number;
}

/** The JSON that a session is stored as: its row's id in hex digits, times in milliseconds since the epoch, metadata in base64. */
interface SessionRecord extends Omit<StoredSession, 'rowId' | 'startedAt' | 'endedAt' | 'metadata'> {
  readonly rowId: string;
  readonly startedAt: number;
  readonly endedAt: number | null;
  readonly metadata: string;
}

export function encodeSession(session: StoredSession): Buffer {
  const record: SessionRecord = {
    ...session,
    rowId: Buffer.from(session.rowId).toString('hex'),
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
    rowId: Buffer.from(record.rowId, 'hex'),
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

/** What an event's row says beside its own id. */
export type EventContent = Omit<Event, 'rowId' | 'message'>;

/**
 * An event's row: the row's id, then the API's own message, so the rules of the proto's evolution
 * are those of the data's, and a reader is sent what is stored.
 */
export function encodeEvent(rowId: Buffer, event: EventContent): Buffer {
  return Buffer.concat([rowId, encodeMessage(EventMessage, event)]);
}

/** The row's id, of an event's row. */
export function rowIdOf(row: Buffer): Buffer {
  return row.subarray(0, ROW_ID_BYTES);
}

/** The event's message, of its row. */
export function messageOf(row: Buffer): Buffer {
  return row.subarray(ROW_ID_BYTES);
}
