import type { RootDatabase } from 'lmdb';
import { eventNotFound, sequenceMismatch, sessionDeleted, sessionNotFound } from '../../core/errors';
import type { Event, NewEvent } from '../../core/event';
import { BoundedMap } from '../bounded-map';
import type { RequestContext } from '../../core/request-context';
import type { NewSession, Session, SessionChange, SessionEnd } from '../../core/session';
import type {
  AddedEvent,
  CompletedSession,
  CreatedSession,
  PageRange,
  SessionPage,
  SessionQuery,
  SessionRepository,
} from '../../core/store';
import { TOMBSTONE_MS } from '../../core/store';
import type { StoreObserver } from '../../core/store-observer';
import { type Watcher, WatchRegistry } from '../../core/watch-registry';
import type { ReadFrom } from './tables/binary-encoding';
import { EventCleanup } from './event-cleanup';
import type { DiskSpace } from './disk-space';
import { EventTable } from './tables/event-table';
import { ExpiredSessions } from './expiry';
import type { StoredSession } from './tables/records';
import { newRowId } from './tables/row-id';
import { SessionTable } from './tables/session-table';
import { Transactions } from './transactions';

/** The end of a session's log. */
interface LogHead {
  /** 0 where the log is empty. */
  readonly sequence: number;
  /** The last event's time, or the session's start: no later event is before it. */
  readonly timestamp: Date;
}

/** Ends of logs kept at most. */
const ENDS_KEPT = 50_000;

/** Tombstones that are forgotten at once, at most. */
const TOMBSTONES = 500;

/** Sessions in LMDB: one process, one file, durable at each acknowledgement. */
export class EmbeddedSessionRepository implements SessionRepository {
  private readonly sessions: SessionTable;
  private readonly events: EventTable;
  private readonly transactions: Transactions;
  private readonly deleted: EventCleanup;
  private readonly expired: ExpiredSessions;
  private readonly watches = new WatchRegistry();
  /** Of the sessions written to lately; set before their commit, since after one that fails nothing is written any more. */
  private readonly heads = new BoundedMap<LogHead>(ENDS_KEPT);
  /** Events put by the transaction that is under way. */
  private put = 0;

  /**
   * @param unlock lets go of the folder
   * @param onFatal called once when a commit failed: nothing more can be acknowledged in this process
   */
  constructor(
    private readonly root: RootDatabase,
    private readonly disk: DiskSpace,
    private readonly unlock: () => void,
    onFatal: (error: Error) => void,
    observer: StoreObserver,
  ) {
    this.sessions = new SessionTable(root);
    this.events = new EventTable(root);
    this.transactions = new Transactions(root, onFatal, () => {
      observer.committed(this.put);
      this.put = 0;
    });
    this.deleted = new EventCleanup(this.transactions, this.sessions, this.events);
    this.expired = new ExpiredSessions(
      this.transactions,
      this.sessions,
      (session) => this.withLogHead(session),
      (session) => this.writeTombstone(session),
    );
    this.deleted.run();
  }

  createSession(session: NewSession, context: RequestContext): Promise<CreatedSession> {
    return this.write(context, () => {
      const { sessionId } = session;
      const found = this.sessions.find(sessionId);
      if (found !== undefined) return { session: this.withLogHead(found), created: false };
      if (this.sessions.isDeleted(sessionId)) throw sessionDeleted(sessionId);
      this.disk.throwIfFull();
      const made = { rowId: newRowId(), startedAt: new Date(), revision: 1 };
      const stored = { ...session, ...made, endedAt: undefined, endReason: '' };
      this.sessions.put(stored, undefined);
      return { session: this.withLogHead(stored), created: true };
    });
  }

  async completeSession(
    sessionId: string,
    end: SessionEnd,
    context: RequestContext,
  ): Promise<CompletedSession> {
    const completed = await this.write(context, () => {
      const session = this.getSession(sessionId);
      if (session.endedAt !== undefined)
        return { session: this.withLogHead(session), alreadyCompleted: true };
      this.disk.throwIfFull();
      const ended = {
        ...session,
        ...end,
        endedAt: notBefore(session.startedAt),
        revision: session.revision + 1,
      };
      this.sessions.put(ended, session);
      return { session: this.withLogHead(ended), alreadyCompleted: false };
    });
    this.watches.notify(sessionId, 0);
    return completed;
  }

  async updateSession(
    sessionId: string,
    change: (session: Session) => SessionChange,
    context: RequestContext,
  ): Promise<Session> {
    const updated = await this.write(context, () => {
      const session = this.getSession(sessionId);
      const { status, language, metadata } = change(this.withLogHead(session));
      const same =
        status === session.status && language === session.language && metadata.equals(session.metadata);
      if (same) return this.withLogHead(session);
      this.disk.throwIfFull();
      const changed = { ...session, status, language, metadata, revision: session.revision + 1 };
      this.sessions.put(changed, session);
      return this.withLogHead(changed);
    });
    this.watches.notify(sessionId, 0);
    return updated;
  }

  async addEvents(
    sessionId: string,
    events: readonly NewEvent[],
    context: RequestContext,
  ): Promise<AddedEvent[]> {
    const added = await this.write(context, () => {
      let end = this.headOf(sessionId);
      return events.map(({ eventId, type, payload, expectedSequence }): AddedEvent => {
        const stored = this.events.find(sessionId, eventId);
        if (stored !== undefined) return { event: stored, duplicate: true };
        this.disk.throwIfFull();
        const { sequence: last, timestamp: earliest } = end;
        if (expectedSequence !== undefined && expectedSequence !== last)
          throw sequenceMismatch(expectedSequence, last);
        const timestamp = notBefore(earliest);
        const event = this.events.put({ eventId, sessionId, sequence: last + 1, type, payload, timestamp });
        end = { sequence: last + 1, timestamp };
        this.heads.set(sessionId, end);
        this.put += 1;
        return { event, duplicate: false };
      });
    });
    this.watches.notify(sessionId, 0);
    return added;
  }

  readSession(sessionId: string, range: PageRange, context: RequestContext): Promise<SessionPage> {
    return this.transactions.read((from) => {
      context.throwIfEnded();
      const session = this.withLogHead(this.getSession(sessionId, from), from);
      return { session, events: this.events.read(sessionId, range, from) };
    });
  }

  getEvent(sessionId: string, eventId: string, context: RequestContext): Promise<Event> {
    return this.transactions.read((from) => {
      context.throwIfEnded();
      this.getSession(sessionId, from);
      const event = this.events.find(sessionId, eventId, from);
      if (event === undefined) throw eventNotFound(sessionId, eventId);
      return event;
    });
  }

  countBefore(sessionId: string, time: Date, context: RequestContext): Promise<number> {
    return this.transactions.read((from) => {
      context.throwIfEnded();
      // Of a deleted one only the end of the log may be left.
      this.getSession(sessionId, from);
      return this.events.countBefore(sessionId, time, from);
    });
  }

  listSessions(query: SessionQuery, context: RequestContext): Promise<Session[]> {
    return this.transactions.read((from) => {
      context.throwIfEnded();
      return this.sessions.list(query, from).map((session) => this.withLogHead(session, from));
    });
  }

  async deleteSession(sessionId: string, context: RequestContext): Promise<void> {
    await this.write(context, () => {
      if (!this.sessions.isDeleted(sessionId)) this.writeTombstone(this.getSession(sessionId));
    });
    this.deleted.run();
    this.watches.notify(sessionId, 0);
  }

  async deleteExpired(retentionMs: number, signal: AbortSignal): Promise<number> {
    let count = 0;
    for await (const buried of this.expired.deleteExpired(retentionMs, signal)) {
      if (buried.length > 0) this.deleted.run();
      for (const sessionId of buried) this.watches.notify(sessionId, 0);
      count += buried.length;
    }
    return count;
  }

  watch(sessionId: string): Watcher {
    return this.watches.open(sessionId);
  }

  ping(): Promise<void> {
    return this.transactions.read(() => undefined);
  }

  async close(): Promise<void> {
    await this.deleted.stop();
    await this.root.close();
    this.unlock();
  }

  private write<Value>(context: RequestContext, work: () => Value): Promise<Value> {
    return this.transactions.write(() => {
      context.throwIfEnded();
      return work();
    });
  }

  /** In a write transaction. Tombstones whose time is over go at the same time. */
  private writeTombstone(session: StoredSession): void {
    const now = new Date();
    this.sessions.purgeTombstones(new Date(now.getTime() - TOMBSTONE_MS), TOMBSTONES);
    this.sessions.writeTombstone(session, now);
    this.heads.delete(session.sessionId);
  }

  private getSession(sessionId: string, from?: ReadFrom): StoredSession {
    const session = this.sessions.find(sessionId, from);
    if (session === undefined) throw sessionNotFound(sessionId);
    return session;
  }

  private headOf(sessionId: string): LogHead {
    const known = this.heads.get(sessionId);
    if (known !== undefined) return known;
    const { startedAt } = this.getSession(sessionId);
    const sequence = this.events.last(sessionId);
    return sequence === 0 ? { sequence, timestamp: startedAt } : this.events.get(sessionId, sequence);
  }

  private withLogHead(session: StoredSession, from?: ReadFrom): Session {
    const eventCount = this.events.last(session.sessionId, from);
    const last = eventCount === 0 ? undefined : this.events.get(session.sessionId, eventCount, from);
    return { ...session, eventCount, lastEventAt: last?.timestamp };
  }
}

/** Now, or the earliest that it may be: clocks are set back. */
function notBefore(earliest: Date): Date {
  return new Date(Math.max(Date.now(), earliest.getTime()));
}
