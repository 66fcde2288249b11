import { Event as EventMessage } from '../../../../generated/conversation/v1/event';
import type { Event } from '../../../core/event';
import type { Session } from '../../../core/session';
import { StructBytes } from '../../../core/struct/struct-bytes';
import { encodeMessage } from '../../../protobuf/encode-message';
import { ROW_ID_BYTES } from './row-id';

/** A session without the fields that come from its log. */
export type StoredSession = Omit<Session, 'eventCount' | 'lastEventAt'>;

/** A deleted session's tombstone. */
interface Tombstone {
  /** In milliseconds since the epoch. */
  readonly deletedAt: number;
}

/** A session's stored JSON: row ID in hex, times in milliseconds since the epoch, metadata in base64. */
interface SessionRecord extends Omit<
  StoredSession,
  'rowId' | 'startedAt' | 'changedAt' | 'endedAt' | 'metadata'
> {
  readonly rowId: string;
  readonly startedAt: number;
  readonly changedAt: number;
  readonly endedAt: number | null;
  readonly metadata: string;
}

export function encodeSession(session: StoredSession): Buffer {
  const record: SessionRecord = {
    ...session,
    rowId: Buffer.from(session.rowId).toString('hex'),
    startedAt: session.startedAt.getTime(),
    changedAt: session.changedAt.getTime(),
    endedAt: session.endedAt?.getTime() ?? null,
    metadata: Buffer.from(session.metadata.bytes).toString('base64'),
  };
  return Buffer.from(JSON.stringify(record));
}

/** Returns undefined for a tombstone. */
export function decodeSession(value: Buffer): StoredSession | undefined {
  const record = JSON.parse(value.toString()) as SessionRecord | Tombstone;
  if ('deletedAt' in record) return undefined;
  return {
    ...record,
    rowId: Buffer.from(record.rowId, 'hex'),
    startedAt: new Date(record.startedAt),
    changedAt: new Date(record.changedAt),
    endedAt: record.endedAt === null ? undefined : new Date(record.endedAt),
    metadata: new StructBytes(Buffer.from(record.metadata, 'base64')),
  };
}

export function encodeTombstone(deletedAt: Date): Buffer {
  const tombstone: Tombstone = { deletedAt: deletedAt.getTime() };
  return Buffer.from(JSON.stringify(tombstone));
}

/** Returns when the session was deleted; undefined if it was not. */
export function decodeTombstone(value: Buffer): Date | undefined {
  const record = JSON.parse(value.toString()) as SessionRecord | Tombstone;
  return 'deletedAt' in record ? new Date(record.deletedAt) : undefined;
}

/** The content of an event's row, without the row's ID. */
export type EventContent = Omit<Event, 'rowId' | 'message'>;

/**
 * An event's row: the row's ID, then the API's `Event` message. So stored data evolves by the rules
 * of the proto, and stored bytes are sent to readers unchanged.
 */
export function encodeEvent(rowId: Buffer, event: EventContent): Buffer {
  return Buffer.concat([rowId, encodeMessage(EventMessage, event)]);
}

/** The ID in an event's row. */
export function rowIdOf(row: Buffer): Buffer {
  return row.subarray(0, ROW_ID_BYTES);
}

/** The message in an event's row. */
export function messageOf(row: Buffer): Buffer {
  return row.subarray(ROW_ID_BYTES);
}
