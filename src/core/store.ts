import type { Event, NewEvent } from './event';
import type { RequestContext } from './request-context';
import type { NewSession, Session, SessionChange, SessionEnd, SessionStatus } from './session';
import type { Watcher } from './watch-registry';

/** How long a deleted session's ID cannot be reused, in milliseconds: 30 days. */
export const TOMBSTONE_MS = 30 * 24 * 3600 * 1000;

/**
 * Stores sessions and their event logs.
 *
 * A write resolves only when it is durable, and a read returns only durable data. Every promise
 * rejects with a `ConversationError`: SESSION_NOT_FOUND (also for deleted sessions),
 * STORE_UNAVAILABLE, STORAGE_FULL, DEADLINE_EXCEEDED, CANCELLED or INTERNAL, or the further reasons
 * that a method names. After the last five the outcome of a write is unknown; the same call again
 * settles it.
 */
export interface Store {
  readonly sessions: SessionStore;
  readonly events: EventStore;
  readonly watches: WatchSource;
  readonly expiry: ExpiryStore;

  /** Resolves if the store answers and, as far as a read can tell, accepts writes. @throws STORE_UNAVAILABLE */
  ping(): Promise<void>;

  /** Finishes work in progress and releases the store's resources. */
  close(): Promise<void>;
}

/** The sessions themselves. */
export interface SessionStore {
  /**
   * Stores a session that starts now. Returns the stored session, unchanged, if the ID exists.
   *
   * @throws SESSION_DELETED too
   */
  create(session: NewSession, context: RequestContext): Promise<CreatedSession>;

  /**
   * Ends the session now. Returns it unchanged if it has already ended.
   *
   * @throws SESSION_NOT_FOUND
   */
  complete(sessionId: string, end: SessionEnd, context: RequestContext): Promise<CompletedSession>;

  /**
   * Replaces the session's status, language and metadata by what `change` returns for the current
   * session. Concurrent updates are serialized. If `change` throws, nothing is stored and the
   * promise rejects with that error.
   *
   * @param change may be called more than once
   * @throws SESSION_NOT_FOUND
   */
  update(
    sessionId: string,
    change: (session: Session) => SessionChange,
    context: RequestContext,
  ): Promise<Session>;

  /**
   * Deletes the session; its events are removed later. Does nothing if it is already deleted.
   *
   * @throws SESSION_NOT_FOUND if the ID never existed
   */
  delete(sessionId: string, context: RequestContext): Promise<void>;

  /**
   * Returns sessions, newest first; those with the same start by ID. Fewer than `limit` only if no more
   * match, or if these are already larger than `maximumBytes`. Leaves out sessions that cannot be read, and
   * reports them to the store's observer.
   */
  list(query: SessionQuery, context: RequestContext): Promise<Session[]>;
}

/** The event logs of the sessions. */
export interface EventStore {
  /**
   * Appends the events in order, each at the session's next sequence with the current time. For an
   * event ID that exists it returns the stored event instead. Returns one result per event, in
   * order. Calls for one session take effect in the order in which they are made. If it rejects,
   * a prefix of the events may have been stored.
   *
   * @throws SESSION_NOT_FOUND; SEQUENCE_MISMATCH too
   */
  append(sessionId: string, events: readonly NewEvent[], context: RequestContext): Promise<AppendedEvent[]>;

  /** Returns one event. @throws SESSION_NOT_FOUND; EVENT_NOT_FOUND too */
  get(sessionId: string, eventId: string, context: RequestContext): Promise<Event>;

  /**
   * Reads a session and a range of its log. Both are from one point in time: no event is beyond
   * `eventCount`. Events are in the order of the range; empty if the range is.
   *
   * The page ends before an event that cannot be read or is missing from the log. If the range
   * begins with that event, the promise rejects with INTERNAL, whose cause is an UnreadableRowError.
   * Where it has `types`, the page may end anywhere, even without events, after it has covered some.
   *
   * @throws SESSION_NOT_FOUND
   */
  readPage(sessionId: string, range: PageRange, context: RequestContext): Promise<SessionPage>;

  /** Like `readPage`, but returns only what a reader of events needs of the session: its metadata may be large. */
  readEvents(sessionId: string, range: PageRange, context: RequestContext): Promise<EventPage>;

  /**
   * Returns how many of a session's events have a timestamp before `time`: the sequence of the last
   * of them, since timestamps never decrease along the log. 0 if there are none.
   */
  countBefore(sessionId: string, time: Date, context: RequestContext): Promise<number>;
}

/** Notifies about changes of sessions. */
export interface WatchSource {
  /** Returns a watcher that is notified of every change from now on. The caller closes it. */
  watch(sessionId: string): Watcher;
}

/** Deletes expired sessions. */
export interface ExpiryStore {
  /** Returns the time by the store's own clock; undefined if it has none. */
  now(): Promise<Date | undefined>;

  /** Returns how many sessions were last changed at this time or before, up to `limit`. Some may have newer events. */
  countUnchanged(since: Date, limit: number): Promise<number>;

  /**
   * Deletes the sessions whose last activity was at this time or before, in no promised order. A
   * session with activity that is acknowledged before its deletion is kept. Returns how many it deleted.
   *
   * @param signal stops it early
   */
  deleteInactive(since: Date, signal: AbortSignal): Promise<number>;
}

export interface CreatedSession {
  readonly session: Session;
  /** False if the session already existed. */
  readonly created: boolean;
}

export interface CompletedSession {
  readonly session: Session;
  /** True if the session had already ended. */
  readonly alreadyCompleted: boolean;
}

export interface AppendedEvent {
  readonly event: Event;
  /** True if the event had already been stored. */
  readonly duplicate: boolean;
}

/** Which sessions to list. Undefined fields match any session. */
export interface SessionQuery {
  readonly status: SessionStatus | undefined;
  readonly language: string | undefined;
  /** Inclusive. */
  readonly startedAfter: Date | undefined;
  /** Exclusive. */
  readonly startedBefore: Date | undefined;
  /** The last session of the previous page. */
  readonly after: Pick<Session, 'startedAt' | 'sessionId'> | undefined;
  readonly limit: number;
  /** By `sessionSize`. */
  readonly maximumBytes: number;
}

/** A range of a session's log, and which of its events to read. */
export interface PageRange {
  /** The range starts with the event after this sequence. */
  readonly afterSequence: number;
  /** The number of sequences in the range, so it ends at `afterSequence + limit`. 0 reads no events. */
  readonly limit: number;
  /** Reads the range from its end. */
  readonly newestFirst?: boolean;
  /** The maximum size of the page in the protobuf encoding. The first event is included whatever its size. */
  readonly maximumBytes: number;
  /** The types of the events to return; undefined: all events. */
  readonly types?: readonly string[] | undefined;
  /** The maximum number of events of these types to return; undefined: as many as the range has. */
  readonly maximumEvents?: number | undefined;
}

/** Reads no events: for what a page says of its session. */
export const NO_EVENTS: PageRange = { afterSequence: 0, limit: 0, maximumBytes: 0 };

/** A part of a session's log. */
interface LogPart {
  /** In the order of the range; without gaps, except for events of other types. */
  readonly events: readonly Event[];
  /**
   * The last sequence of the range, in its order, that the page covers: it has every event of the
   * types up to there. If the page covers nothing, the sequence before the first one of the range.
   */
  readonly examinedTo: number;
}

export interface SessionPage extends LogPart {
  readonly session: Session;
}

export interface EventPage extends LogPart {
  readonly session: Pick<Session, 'eventCount' | 'revision' | 'endedAt'>;
}
