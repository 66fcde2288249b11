import { sessionNotFound } from '../../../core/errors';
import { BoundedMap } from '../../bounded-map';
import type { SessionFinder } from '../sessions/session-finder';

/** The end of a session's log, as it was when it was last seen. */
export interface LogHead {
  /** 0 where the log is empty. */
  readonly sequence: number;
  /** The last event's time, or the session's start, in milliseconds: no later event is before it. */
  readonly timestamp: number;
  /** When the last read of the session's document began, by `performance.now()`. No write renews it. */
  readonly readAt: number;
}

/** How long a tail is trusted: a server learns by then that another one deleted the session. */
const MAX_AGE_MS = 5000;

/** Tails kept at most; the least recently used go first. One takes about 200 bytes. */
const CAPACITY = 50_000;

/** The tails of the sessions seen lately, so that an append needs no read before it. */
export class LogHeads {
  private readonly known = new BoundedMap<LogHead>(CAPACITY);

  /** Look-ups under way, whose answers are as yet worth keeping. */
  private readonly looking = new Map<string, symbol>();

  constructor(private readonly sessions: Pick<SessionFinder, 'find'>) {}

  /** @throws SESSION_NOT_FOUND */
  async get(sessionId: string): Promise<LogHead> {
    const tail = this.known.get(sessionId);
    if (tail === undefined || performance.now() - tail.readAt > MAX_AGE_MS) return this.read(sessionId);
    return tail;
  }

  /** Reads the tail from the store, by majority: a local read may see what is rolled back later. */
  async read(sessionId: string): Promise<LogHead> {
    this.known.delete(sessionId);
    const readAt = performance.now();
    const look = Symbol(sessionId);
    this.looking.set(sessionId, look);
    try {
      const found = await this.sessions.find(sessionId);
      if (found === undefined) throw sessionNotFound(sessionId);
      const { document, last } = found;
      const timestamp = Math.max(document.startedAt.getTime(), last?.timestamp.getTime() ?? 0);
      const tail = { sequence: last?.sequence ?? 0, timestamp, readAt };
      if (this.looking.get(sessionId) === look) this.known.set(sessionId, tail);
      return tail;
    } finally {
      if (this.looking.get(sessionId) === look) this.looking.delete(sessionId);
    }
  }

  /** After events up to this one were stored and acknowledged. */
  advance(sessionId: string, from: LogHead, sequence: number, timestamp: number): void {
    // What was forgotten meanwhile stays so: the session may be deleted.
    if (this.known.get(sessionId) === from)
      this.known.set(sessionId, { sequence, timestamp, readAt: from.readAt });
  }

  /** Where what is stored is in doubt, the next append looks it up: what is being looked up now may be from before. */
  invalidate(sessionId: string): void {
    this.looking.delete(sessionId);
    this.known.delete(sessionId);
  }
}
