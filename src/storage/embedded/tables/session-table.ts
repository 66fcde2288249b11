import type { Database, RootDatabase } from 'lmdb';
import { type Session, sessionSize } from '../../../core/session';
import { type SessionQuery, TOMBSTONE_MS } from '../../../core/store';
import { UnreadableRowError } from '../../../core/unreadable-row';
import { BINARY } from './binary-encoding';
import { checksumSeed, contentOf, isIntact, withChecksum } from './checksum';
import { sessionKey } from './keys';
import {
  decodeSessionRow,
  encodeSession,
  encodeTombstone,
  type SessionRow,
  type StoredSession,
} from './records';
import {
  changeKey,
  changeRange,
  deletedKey,
  indexKeys,
  listKey,
  listRange,
  sessionIdOf,
} from './session-index';
import { DAMAGED, UNDECODABLE, unreadableSession } from './unreadable';

/** The value of rows whose key contains everything. */
const EMPTY_VALUE = Buffer.alloc(0);

/** Why a key of the index is wrong. */
const NO_SESSION = 'the session index names a session that does not exist';
const OTHER_KEY = 'the session index has the session at a time that is not its own';

/** Where a list ends: it has this many sessions, or they are larger than this. */
type ListLimits = Pick<SessionQuery, 'limit' | 'maximumBytes'>;

/** Receives a row that a list leaves out. */
export type OnUnreadable = (error: UnreadableRowError) => void;

/**
 * The sessions with their index, and the tombstones of deleted sessions. Methods that read one session
 * throw UnreadableRowError if its row is damaged.
 */
export class SessionTable {
  /** `session_id` → session or tombstone. */
  private readonly sessions: Database<Buffer, Buffer>;
  /** See session-index.ts. */
  private readonly index: Database<Buffer, Buffer>;
  /** Keys of time of deletion and `session_id`. */
  private readonly tombstones: Database<Buffer, Buffer>;
  /** Keys of `session_id`, of deleted sessions with events left to remove. */
  private readonly uncleared: Database<Buffer, Buffer>;

  constructor(root: RootDatabase) {
    this.sessions = root.openDB({ name: 'sessions', ...BINARY });
    this.index = root.openDB({ name: 'session_index', ...BINARY });
    this.tombstones = root.openDB({ name: 'tombstones', ...BINARY });
    this.uncleared = root.openDB({ name: 'uncleared', ...BINARY });
  }

  find(sessionId: string): StoredSession | undefined {
    const row = this.findRow(sessionId);
    return row?.kind === 'session' ? row.session : undefined;
  }

  /** Whether the session was deleted, and its ID cannot be used again yet. */
  isDeleted(sessionId: string): boolean {
    const row = this.findRow(sessionId);
    if (row?.kind !== 'tombstone') return false;
    return row.deletedAt.getTime() + TOMBSTONE_MS > Date.now() || this.isUncleared(sessionId);
  }

  /** @param before its previous state; undefined if it is new */
  put(session: StoredSession, before: StoredSession | undefined): void {
    const key = sessionKey(session.sessionId);
    const value = withChecksum(encodeSession(session), checksumSeed(key));
    this.moveIndex(before, session);
    this.sessions.putSync(key, value);
  }

  writeTombstone(session: StoredSession, deletedAt: Date): void {
    const key = sessionKey(session.sessionId);
    const value = withChecksum(encodeTombstone(deletedAt), checksumSeed(key));
    this.moveIndex(session, undefined);
    this.sessions.putSync(key, value);
    this.tombstones.putSync(deletedKey(deletedAt, session.sessionId), EMPTY_VALUE);
    this.uncleared.putSync(key, EMPTY_VALUE);
  }

  /** Returns IDs of deleted sessions with events left to remove. */
  listUncleared(limit: number): string[] {
    return [...this.uncleared.getKeys({ limit })].map((key) => key.toString());
  }

  setCleared(sessionId: string): void {
    this.uncleared.removeSync(sessionKey(sessionId));
  }

  /** Removes up to `limit` tombstones of sessions that were deleted before this time and have no events left. */
  purgeTombstones(before: Date, limit: number): void {
    const keys: Buffer[] = [];
    for (const key of this.tombstones.getKeys({ end: deletedKey(before, '') })) {
      if (keys.length === limit) break;
      if (!this.isUncleared(sessionIdOf(key))) keys.push(key);
    }
    for (const key of keys) {
      const sessionId = sessionIdOf(key);
      if (this.hasTombstone(sessionId, before)) this.sessions.removeSync(sessionKey(sessionId));
      this.tombstones.removeSync(key);
    }
  }

  /**
   * Returns the first sessions that can be read, up to the limits of the query.
   *
   * @param complete adds what is in other tables; a session for which that cannot be read is left out too
   */
  list<Listed extends Pick<Session, 'metadata'>>(
    query: SessionQuery,
    complete: (session: StoredSession) => Listed,
    onUnreadable: OnUnreadable,
  ): Listed[] {
    const keys = this.index.getKeys(listRange(query));
    const keyOf = ({ startedAt, sessionId }: StoredSession): Buffer =>
      listKey(query, startedAt.getTime(), sessionId);
    const read = (key: Buffer): Listed => complete(this.atKey(key, keyOf));
    return readSome(keys, read, query, onUnreadable);
  }

  /**
   * Returns the first sessions that can be read, that have ended, or have not, and were last changed at
   * this time or before, up to the limits.
   */
  listUnchanged(
    since: Date,
    ended: boolean,
    after: StoredSession | undefined,
    limits: ListLimits,
    onUnreadable: OnUnreadable,
  ): StoredSession[] {
    const keys = this.index.getKeys(changeRange(since, ended, after));
    const keyOf = ({ changedAt, sessionId }: StoredSession): Buffer => changeKey(ended, changedAt, sessionId);
    return readSome(keys, (key) => this.atKey(key, keyOf), limits, onUnreadable);
  }

  /** Returns how many sessions were last changed at this time or before, up to `limit`. */
  countUnchanged(since: Date, limit: number): number {
    const counts = [true, false].map((ended) =>
      this.index.getKeysCount({ ...changeRange(since, ended, undefined), limit }),
    );
    return Math.min(
      counts.reduce((sum, count) => sum + count, 0),
      limit,
    );
  }

  /** @param keyOf the key that a session has in this part of the index */
  private atKey(key: Buffer, keyOf: (session: StoredSession) => Buffer): StoredSession {
    const sessionId = sessionIdOf(key);
    const session = this.find(sessionId);
    if (session === undefined) throw unreadableSession('session_index', sessionId, NO_SESSION);
    // The next page begins after the session's own key.
    if (keyOf(session).equals(key)) return session;
    throw unreadableSession('session_index', sessionId, OTHER_KEY);
  }

  private findRow(sessionId: string): SessionRow | undefined {
    const key = sessionKey(sessionId);
    const value = this.sessions.get(key);
    if (value === undefined) return undefined;
    if (!isIntact(value, checksumSeed(key))) throw unreadableSession('sessions', sessionId, DAMAGED);
    try {
      return decodeSessionRow(contentOf(value));
    } catch {
      // Its message may contain content.
      throw unreadableSession('sessions', sessionId, UNDECODABLE);
    }
  }

  private isUncleared(sessionId: string): boolean {
    return this.uncleared.doesExist(sessionKey(sessionId));
  }

  /** Whether the row is a tombstone from before this time. The ID may have been used and deleted again since. */
  private hasTombstone(sessionId: string, before: Date): boolean {
    try {
      const row = this.findRow(sessionId);
      return row?.kind === 'tombstone' && row.deletedAt < before;
    } catch (error) {
      if (!(error instanceof UnreadableRowError)) throw error;
      return false;
    }
  }

  private moveIndex(before: StoredSession | undefined, after: StoredSession | undefined): void {
    const old = before === undefined ? [] : indexKeys(before);
    const now = after === undefined ? [] : indexKeys(after);
    for (const key of old) if (!now.some((kept) => kept.equals(key))) this.index.removeSync(key);
    for (const key of now) if (!old.some((kept) => kept.equals(key))) this.index.putSync(key, EMPTY_VALUE);
  }
}

/** Reads rows that can be read, up to the limits, and reports the others. */
function readSome<Row extends Pick<Session, 'metadata'>>(
  keys: Iterable<Buffer>,
  read: (key: Buffer) => Row,
  { limit, maximumBytes }: ListLimits,
  onUnreadable: OnUnreadable,
): Row[] {
  const rows: Row[] = [];
  let bytes = 0;
  for (const key of keys) {
    if (rows.length === limit || bytes > maximumBytes) break;
    try {
      const row = read(key);
      rows.push(row);
      bytes += sessionSize(row);
    } catch (error) {
      if (!(error instanceof UnreadableRowError)) throw error;
      onUnreadable(error);
    }
  }
  return rows;
}
