import type { RootDatabase } from 'lmdb';
import { sessionNotFound } from '../../../core/errors';
import type { Event } from '../../../core/event';
import type { Session } from '../../../core/session';
import { TOMBSTONE_MS } from '../../../core/store';
import { UnreadableRowError } from '../../../core/unreadable-row';
import { BoundedMap } from '../../bounded-map';
import type { EventContent } from './event-row';
import { EventTable, type LogHead } from './event-table';
import type { StoredSession } from './records';
import { SessionTable } from './session-table';

/** The names of all tables that `Tables` opens. */
export const TABLES = [
  ...['sessions', 'session_index', 'tombstones', 'uncleared'],
  ...['events', 'event_payloads', 'event_ids'],
] as const;

/** The maximum number of log heads in the cache. */
const MAX_HEADS = 50_000;

/** The maximum number of expired tombstones that one deletion purges. */
const PURGE_LIMIT = 10;

/** The tables, and the operations that involve more than one of them. All methods need a transaction. */
export class Tables {
  readonly sessions: SessionTable;
  readonly events: EventTable;
  /** Heads of recently written logs. Set before the commit: after a failed one nothing is written any more. */
  private readonly heads = new BoundedMap<LogHead>(MAX_HEADS);
  private appendedCount = 0;

  constructor(root: RootDatabase) {
    this.sessions = new SessionTable(root);
    this.events = new EventTable(root);
  }

  /** @throws SESSION_NOT_FOUND */
  getSession(sessionId: string): StoredSession {
    const session = this.sessions.find(sessionId);
    if (session === undefined) throw sessionNotFound(sessionId);
    return session;
  }

  /** If the last event cannot be read, `lastEventAt` is the time of the last one that can. */
  withLogHead(session: StoredSession): Session {
    const { sessionId } = session;
    try {
      const head = this.events.findHead(sessionId);
      return { ...session, eventCount: head?.sequence ?? 0, lastEventAt: head?.timestamp };
    } catch (error) {
      if (!(error instanceof UnreadableRowError) || !this.events.endsDense(sessionId)) throw error;
      const eventCount = this.events.last(sessionId);
      return { ...session, eventCount, lastEventAt: this.events.findReadableTime(sessionId) };
    }
  }

  /**
   * Returns the end of a log, with the start of the session as its time if it is empty. No later event has
   * an earlier time.
   *
   * @throws SESSION_NOT_FOUND, UnreadableRowError
   */
  headOf(sessionId: string): LogHead {
    const cached = this.heads.get(sessionId);
    if (cached !== undefined) return cached;
    const { startedAt } = this.getSession(sessionId);
    return this.events.findHead(sessionId) ?? { sequence: 0, timestamp: startedAt };
  }

  /** Stores an event, which becomes the head of its log. */
  append(event: EventContent): Event {
    const stored = this.events.put(event);
    this.heads.set(event.sessionId, { sequence: event.sequence, timestamp: event.timestamp });
    this.appendedCount += 1;
    return stored;
  }

  /** Returns how many events were appended since the last call. */
  takeAppendedCount(): number {
    const count = this.appendedCount;
    this.appendedCount = 0;
    return count;
  }

  /** Replaces a session by its tombstone, and purges some expired tombstones. */
  writeTombstone(session: StoredSession): void {
    const now = new Date();
    this.sessions.purgeTombstones(new Date(now.getTime() - TOMBSTONE_MS), PURGE_LIMIT);
    this.sessions.writeTombstone(session, now);
    this.heads.delete(session.sessionId);
  }
}
