import type { Event, NewEvent } from './event';
import type { RequestContext } from './request-context';
import type { NewSession, Session, SessionEnd } from './session';

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

/** A range of a session's log. */
export interface PageRange {
  /** The page begins with the event after this sequence. */
  readonly afterSequence: number;
  /** The most events. */
  readonly limit: number;
  /** The most bytes in the protobuf encoding; the first event is in the page whatever its size. */
  readonly maximumBytes: number;
}

export interface SessionPage {
  readonly session: Session;
  /** In order of sequence, without a gap, beginning right after `afterSequence`. */
  readonly events: readonly Event[];
}

/**
 * Where sessions and their logs are kept.
 *
 * Every promise resolves only for what is durable, and rejects with a
 * `ConversationError`: SESSION_NOT_FOUND, STORE_UNAVAILABLE, STORAGE_FULL,
 * DEADLINE_EXCEEDED, CANCELLED or INTERNAL. After the last five a write may
 * or may not be stored; repeating it settles that.
 */
export interface SessionRepository {
  /** Stores the session as of now, or returns the one that has its id. */
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

  /** Resolves when the store answers, and could take a write as far as can be told without one. */
  ping(): Promise<void>;

  /** Ends what is under way and lets go of the store. */
  close(): Promise<void>;
}
