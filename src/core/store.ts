import type { Event, NewEvent } from './event';
import type { RequestContext } from './request-context';
import type { NewSession, Session, SessionChange, SessionEnd, SessionStatus } from './session';
import type { Watcher } from './watch-registry';

/** How long the id of a deleted session is not given again, in milliseconds: 30 days. */
export const TOMBSTONE_MS = 30 * 24 * 3600 * 1000;

export interface CreatedSession {
  readonly session: Session;
  /** False where the session existed. */
  readonly created: boolean;
}

export interface CompletedSession {
  readonly session: Session;
  /** True where the session had been ended before. */
  readonly alreadyCompleted: boolean;
}

export interface AddedEvent {
  readonly event: Event;
  /** True where the event had been stored before. */
  readonly duplicate: boolean;
}

/** Which sessions are listed. Undefined: any. */
export interface SessionQuery {
  readonly status: SessionStatus | undefined;
  readonly language: string | undefined;
  /** From this time on. */
  readonly startedAfter: Date | undefined;
  /** Up to, and not with, this time. */
  readonly startedBefore: Date | undefined;
  /** Where the page before ended. */
  readonly after: Pick<Session, 'startedAt' | 'sessionId'> | undefined;
  readonly limit: number;
}

/** A range of a session's log. */
export interface PageRange {
  /** The range begins with the event after this sequence. */
  readonly afterSequence: number;
  /** The most events, so the range ends here at the latest; 0: none is read. */
  readonly limit: number;
  /** Whether the range is read from its end. */
  readonly newestFirst?: boolean;
  /** The most bytes in the protobuf encoding; the first event is in the page whatever its size. */
  readonly maximumBytes: number;
}

export interface SessionPage {
  readonly session: Session;
  /** Without a gap, beginning right after `afterSequence`; newest first, with the last of the range. */
  readonly events: readonly Event[];
}

/**
 * Where sessions and their logs are kept.
 *
 * Every promise resolves only for what is durable, and rejects with a
 * `ConversationError`: SESSION_NOT_FOUND (of a deleted session too), STORE_UNAVAILABLE, STORAGE_FULL,
 * DEADLINE_EXCEEDED, CANCELLED or INTERNAL. After the last five a write may
 * or may not be stored; repeating it settles that.
 */
export interface SessionRepository {
  /** Stores the session as of now, or returns the one that has its id. @throws SESSION_DELETED too */
  createSession(session: NewSession, context: RequestContext): Promise<CreatedSession>;

  /** Reads a session and a range of its log, consistent with each other: no event is beyond `eventCount`. */
  readSession(sessionId: string, range: PageRange, context: RequestContext): Promise<SessionPage>;

  /** Ends the session as of now, unless it is ended. */
  completeSession(sessionId: string, end: SessionEnd, context: RequestContext): Promise<CompletedSession>;

  /**
   * Appends each event, in order, at the next sequence as of now, or returns the one that has
   * its id. Calls for one session are carried out in the order made. Where it rejects, what it
   * stored is a prefix of the events. @throws SEQUENCE_MISMATCH too
   */
  addEvents(sessionId: string, events: readonly NewEvent[], context: RequestContext): Promise<AddedEvent[]>;

  /** @throws EVENT_NOT_FOUND too */
  getEvent(sessionId: string, eventId: string, context: RequestContext): Promise<Event>;

  /** How many of a session's events were stored before this time: time never decreases along the log. */
  countBefore(sessionId: string, time: Date, context: RequestContext): Promise<number>;

  /** Sessions newest first, those of one start by their ids. */
  listSessions(query: SessionQuery, context: RequestContext): Promise<Session[]>;

  /**
   * Changes the session as a whole to what is returned for it, beside other changes as if they
   * came one after the other. What `change` throws is thrown, and nothing is changed then.
   *
   * @param change may be asked more than once
   */
  updateSession(
    sessionId: string,
    change: (session: Session) => SessionChange,
    context: RequestContext,
  ): Promise<Session>;

  /** Removes the session for good, and its events from then on. Does nothing where it is deleted already. */
  deleteSession(sessionId: string, context: RequestContext): Promise<void>;

  /**
   * Deletes the sessions that have expired by this retention, if they still have. Returns how many.
   *
   * @param signal ends it early
   */
  deleteExpired(retentionMs: number, signal: AbortSignal): Promise<number>;

  /** Tells of what happens to a session from now on. To be closed. */
  watch(sessionId: string): Watcher;

  /** Resolves when the store answers, and could take a write as far as can be told without one. */
  ping(): Promise<void>;

  /** Ends what is under way and lets go of the store. */
  close(): Promise<void>;
}
