import type { Session } from '../../../core/session';
import type { SessionQuery } from '../../../core/store';

/**
 * Keys of the session index: the filter values, a zero byte (which they cannot contain), a time, and
 * the `session_id`. There is one key per combination of filters, so that a list reads only what it
 * returns.
 */

const TIME_BYTES = 6;
const LAST_TIME = 2 ** (8 * TIME_BYTES) - 1;

/** Filter values; undefined matches any session. */
type Filters = { readonly [Name in 'status' | 'language']: string | undefined };

/** The fields of a session that its keys contain. */
type Indexed = Pick<Session, 'sessionId' | 'status' | 'language' | 'startedAt' | 'changedAt' | 'endedAt'>;

export function indexKeys(session: Indexed): Buffer[] {
  const { sessionId, status, language, startedAt, changedAt, endedAt } = session;
  const lists = [
    { status: undefined, language: undefined },
    { status, language: undefined },
    { status: undefined, language },
    { status, language },
  ];
  return [
    ...lists.map((filters) => listKey(filters, startedAt.getTime(), sessionId)),
    changeKey(endedAt !== undefined, changedAt, sessionId),
  ];
}

/** The key range of a list, newest first. */
export function listRange(query: SessionQuery): { start: Buffer; end: Buffer } {
  const { startedAfter, startedBefore, after } = query;
  // Times are stored inverted, so the newest sorts first. A zero byte appended to a key gives its successor.
  const newest = startedBefore === undefined ? LAST_TIME : startedBefore.getTime() - 1;
  const start =
    after === undefined
      ? listKey(query, clamp(newest), '')
      : Buffer.concat([listKey(query, after.startedAt.getTime(), after.sessionId), Buffer.alloc(1)]);
  const oldest = startedAfter === undefined ? 0 : startedAfter.getTime();
  // Include all sessions of the oldest time: no ID starts with the byte 0xff.
  return { start, end: Buffer.concat([listKey(query, clamp(oldest), ''), Buffer.from([0xff])]) };
}

/** The key range of sessions that have ended, or have not, and were last changed at a time or before. */
export function changeRange(
  since: Date,
  ended: boolean,
  after: Indexed | undefined,
): { start: Buffer; end: Buffer } {
  const start =
    after === undefined
      ? changeKey(ended, new Date(0), '')
      : Buffer.concat([changeKey(ended, after.changedAt, after.sessionId), Buffer.alloc(1)]);
  return { start, end: Buffer.concat([changeKey(ended, since, ''), Buffer.from([0xff])]) };
}

/** The key of a tombstone. */
export function deletedKey(deletedAt: Date, sessionId: string): Buffer {
  return timeKey('', deletedAt.getTime(), sessionId);
}

export function sessionIdOf(key: Buffer): string {
  return key.toString('utf8', key.indexOf(0) + 1 + TIME_BYTES);
}

/** A session's key in the list with these filters. */
export function listKey(
  { status = '', language = '' }: Filters,
  startedAt: number,
  sessionId: string,
): Buffer {
  return timeKey(`list\u0001${status}\u0001${language}`, LAST_TIME - startedAt, sessionId);
}

/** A session's key among those that have ended, or have not. */
export function changeKey(ended: boolean, time: Date, sessionId: string): Buffer {
  return timeKey(ended ? 'ended' : 'open', time.getTime(), sessionId);
}

function timeKey(prefix: string, time: number, sessionId: string): Buffer {
  const bytes = Buffer.alloc(TIME_BYTES);
  bytes.writeUIntBE(clamp(time), 0, TIME_BYTES);
  return Buffer.concat([Buffer.from(`${prefix}\0`), bytes, Buffer.from(sessionId)]);
}

function clamp(time: number): number {
  return Math.min(Math.max(time, 0), LAST_TIME);
}
