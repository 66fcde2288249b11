import type { Session } from '../../../core/session';
import { StructBytes } from '../../../core/struct/struct-bytes';

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

/** What is stored under a `session_id`. */
export type SessionRow =
  | { readonly kind: 'session'; readonly session: StoredSession }
  | { readonly kind: 'tombstone'; readonly deletedAt: Date };

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

export function encodeTombstone(deletedAt: Date): Buffer {
  const tombstone: Tombstone = { deletedAt: deletedAt.getTime() };
  return Buffer.from(JSON.stringify(tombstone));
}

export function decodeSessionRow(content: Buffer): SessionRow {
  const record = JSON.parse(content.toString()) as SessionRecord | Tombstone;
  if ('deletedAt' in record) return { kind: 'tombstone', deletedAt: new Date(record.deletedAt) };
  const session = {
    ...record,
    rowId: Buffer.from(record.rowId, 'hex'),
    startedAt: new Date(record.startedAt),
    changedAt: new Date(record.changedAt),
    endedAt: record.endedAt === null ? undefined : new Date(record.endedAt),
    metadata: new StructBytes(Buffer.from(record.metadata, 'base64')),
  };
  return { kind: 'session', session };
}
