import { randomBytes } from 'node:crypto';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { Event as EventMessage } from '../../../generated/conversation/v1/event';
import type { Event } from '../../core/event';
import type { Session } from '../../core/session';
import { decodeUtf8 } from '../../protobuf/utf8';

/** Bytes of a row's own id, which is made when the row is. */
const ROW_ID_BYTES = 12;

export function newRowId(): Buffer {
  return randomBytes(ROW_ID_BYTES);
}

/** A session as it is stored: its row id, and all but its event count, which the log knows. */
export interface StoredSession extends Omit<Session, 'eventCount'> {
  readonly rowId: string;
}

/** The JSON that a session is stored as: times in milliseconds since the epoch. */
interface SessionRecord extends Omit<StoredSession, 'startedAt' | 'endedAt'> {
  readonly startedAt: number;
  readonly endedAt: number | null;
}

export function encodeSession(session: StoredSession): Buffer {
  const record: SessionRecord = {
    ...session,
    startedAt: session.startedAt.getTime(),
    endedAt: session.endedAt?.getTime() ?? null,
  };
  return Buffer.from(JSON.stringify(record));
}

export function decodeSession(value: Buffer): StoredSession {
  const record = JSON.parse(value.toString()) as SessionRecord;
  return {
    ...record,
    startedAt: new Date(record.startedAt),
    endedAt: record.endedAt === null ? undefined : new Date(record.endedAt),
  };
}

/** An event is stored as its row id and the API's own message, so the rules of the proto's evolution are those of the data's. */
export function encodeEvent(rowId: Buffer, event: Event): Buffer {
  return Buffer.concat([rowId, EventMessage.encode(event).finish()]);
}

export function decodeEvent(value: Buffer): Event {
  const message = EventMessage.decode(new BinaryReader(value.subarray(ROW_ID_BYTES), decodeUtf8));
  const { payload, timestamp } = message;
  if (payload === undefined || timestamp === undefined)
    throw new Error('a stored event lacks its payload or timestamp');
  return { ...message, payload, timestamp };
}
