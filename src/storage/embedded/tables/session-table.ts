import type { Database, RootDatabase } from 'lmdb';
import { type SessionQuery, TOMBSTONE_MS } from '../../../core/store';
import { BINARY, type ReadFrom } from './binary-encoding';
import { sessionKey } from './keys';
import {
  decodeSession,
  decodeTombstone,
  encodeSession,
  encodeTombstone,
  type StoredSession,
} from './records';
import { changeRange, deletedKey, indexKeys, listRange, sessionIdOf } from './session-index';

/** The value of rows whose key contains everything. */
const EMPTY_VALUE = Buffer.alloc(0);

/** The sessions with their index, and the tombstones of deleted sessions. */
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

  find(sessionId: string, from: ReadFrom = {}): StoredSession | undefined {
    const value = this.sessions.get(sessionKey(sessionId), from);
    return value === undefined ? undefined : decodeSession(value);
  }

  isDeleted(sessionId: string): boolean {
    const value = this.sessions.get(sessionKey(sessionId));
    const deletedAt = value && decodeTombstone(value);
    return deletedAt !== undefined && deletedAt.getTime() + TOMBSTONE_MS > Date.now();
  }

  /** @param before its previous state; undefined if it is new */
  put(session: StoredSession, before: StoredSession | undefined): void {
    const value = encodeSession(session);
    this.moveIndex(before, session);
    this.sessions.putSync(sessionKey(session.sessionId), value);
  }

  writeTombstone(session: StoredSession, deletedAt: Date): void {
    const key = sessionKey(session.sessionId);
    this.moveIndex(session, undefined);
    this.sessions.putSync(key, encodeTombstone(deletedAt));
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

  /** Removes up to `limit` tombstones of sessions that were deleted before this time. */
  purgeTombstones(before: Date, limit: number): void {
    const keys = [...this.tombstones.getKeys({ end: deletedKey(before, ''), limit })];
    for (const key of keys) {
      const sessionId = sessionIdOf(key);
      // The ID may be in use again.
      if (this.find(sessionId) === undefined) this.sessions.removeSync(sessionKey(sessionId));
      this.tombstones.removeSync(key);
    }
  }

  list(query: SessionQuery, from: ReadFrom): StoredSession[] {
    const keys = this.index.getKeys({ ...listRange(query), limit: query.limit, ...from });
    return this.atKeys(keys, from);
  }

  /** Returns up to `limit` sessions that have ended, or have not, and were last changed at this time or before. */
  listUnchanged(
    since: Date,
    ended: boolean,
    after: StoredSession | undefined,
    limit: number,
  ): StoredSession[] {
    const keys = this.index.getKeys({ ...changeRange(since, ended, after), limit });
    return this.atKeys(keys, {});
  }

  /** Returns how many sessions were last changed at this time or before, up to `limit`. */
  countUnchanged(since: Date, limit: number, from: ReadFrom): number {
    const counts = [true, false].map((ended) =>
      this.index.getKeysCount({ ...changeRange(since, ended, undefined), limit, ...from }),
    );
    return Math.min(
      counts.reduce((sum, count) => sum + count, 0),
      limit,
    );
  }

  private atKeys(keys: Iterable<Buffer>, from: ReadFrom): StoredSession[] {
    return [...keys].map((key) => {
      const session = this.find(sessionIdOf(key), from);
      if (session === undefined) throw new Error('the session index names a session that does not exist');
      return session;
    });
  }

  private moveIndex(before: StoredSession | undefined, after: StoredSession | undefined): void {
    const old = before === undefined ? [] : indexKeys(before);
    const now = after === undefined ? [] : indexKeys(after);
    for (const key of old) if (!now.some((kept) => kept.equals(key))) this.index.removeSync(key);
    for (const key of now) if (!old.some((kept) => kept.equals(key))) this.index.putSync(key, EMPTY_VALUE);
  }
}
