import type { Session } from '../../../core/session';
import type { SessionQuery } from '../../../core/store';

/**
 * Keys that find sessions: what is filtered by, a zero byte (which none of it can hold), a time,
 * and the `session_id`. One for each filter of the lists, so that a list reads what it returns.
 */

const TIME_BYTES = 6;
const LAST_TIME = 2 ** (8 * TIME_BYTES) - 1;

/** What a session is found by: see `indexKeys`. */
type Filters = { readonly [Name in 'status' | 'language']: string | undefined };

/** What of a session its keys are made of. */
type Indexed = Pick<Session, 'sessionId' | 'status' | 'language' | 'startedAt' | 'endedAt'>;

export function indexKeys(session: Indexed): Buffer[] {
  const { sessionId, status, language, startedAt, endedAt } = session;
  const lists = [
    { status: undefined, language: undefined },
    { status, language: undefined },
    { status: undefined, language },
    { status, language },
  ];
  const expiry =
    endedAt === undefined ? expiryKey(false, startedAt, sessionId) : expiryKey(true, endedAt, sessionId);
  return [...lists.map((filters) => listKey(filters, startedAt.getTime(), sessionId)), expiry];
}

/** The range of keys of a list, newest first. */
export function listRange(query: SessionQuery): { start: Buffer; end: Buffer } {
  const { startedAfter, startedBefore, after } = query;
  // Times count backwards: the newest comes first. One byte more is the next key.
  const newest = startedBefore === undefined ? LAST_TIME : startedBefore.getTime() - 1;
  const start =
    after === undefined
      ? listKey(query, clamp(newest), '')
      : Buffer.concat([listKey(query, after.startedAt.getTime(), after.sessionId), Buffer.alloc(1)]);
  const oldest = startedAfter === undefined ? 0 : startedAfter.getTime();
  // Up to the end of the oldest time that is wanted: no id begins with a byte of 0xff.
  return { start, end: Buffer.concat([listKey(query, clamp(oldest), ''), Buffer.from([0xff])]) };
}

/** The range of keys of sessions that ended, or (not ended) started, before a time. */
export function expiryRange(
  before: Date,
  ended: boolean,
  after: Indexed | undefined,
): { start: Buffer; end: Buffer } {
  const time = ended ? after?.endedAt : after?.startedAt;
  const start =
    after === undefined || time === undefined
      ? expiryKey(ended, new Date(0), '')
      : Buffer.concat([expiryKey(ended, time, after.sessionId), Buffer.alloc(1)]);
  return { start, end: expiryKey(ended, before, '') };
}

/** The key of a tombstone. */
export function deletedKey(deletedAt: Date, sessionId: string): Buffer {
  return timeKey('', deletedAt.getTime(), sessionId);
}

export function sessionIdOf(key: Buffer): string {
  return key.toString('utf8', key.indexOf(0) + 1 + TIME_BYTES);
}

function listKey({ status = '', language = '' }: Filters, startedAt: number, sessionId: string): Buffer {
  return timeKey(`list\u0001${status}\u0001${language}`, LAST_TIME - startedAt, sessionId);
}

function expiryKey(ended: boolean, time: Date, sessionId: string): Buffer {
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
