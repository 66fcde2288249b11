import { sessionNotFound } from '../../../core/errors';
import type { Event } from '../../../core/event';
import { BoundedMap } from '../../bounded-map';
import type { ExpiryMarks } from '../sessions/expiry-marks';
import type { FoundOutline, SessionFinder } from '../sessions/session-finder';
import { READ_VALID_MS } from '../sessions/session-validity';

/** The position of a log's last event. */
export interface LogHead {
  /** 0 where the log is empty. */
  readonly sequence: number;
  /** The last event's time, or the session's start, in milliseconds: no later event is before it. */
  readonly timestamp: number;
  /** When the last read of the session began, by `performance.now()`. Writes do not renew it. */
  readonly readAt: number;
}

/** How long a cached head stays valid: by then a server notices that another one deleted the session. */
const MAX_AGE_MS = 5000;

/** The most heads in the cache; the least recently written are evicted first. A head takes about 200 bytes. */
const CAPACITY = 50_000;

/** Caches the heads of recently used logs, so that an append needs no read first. */
export class LogHeads {
  private readonly cache = new BoundedMap<LogHead>(CAPACITY);

  /** Reads in flight whose results may still be cached: the latest of each session, until it is invalidated. */
  private readonly reads = new Map<string, symbol>();

  constructor(
    private readonly sessions: Pick<SessionFinder, 'findOutline'>,
    private readonly marks: Pick<ExpiryMarks, 'remove'>,
  ) {}

  /** @throws SESSION_NOT_FOUND */
  async get(sessionId: string): Promise<LogHead> {
    const head = this.cache.get(sessionId);
    if (head === undefined || performance.now() - head.readAt > MAX_AGE_MS) return this.read(sessionId);
    return head;
  }

  /**
   * Reads the head with majority read concern: a local read may see what is rolled back later.
   *
   * @throws SESSION_NOT_FOUND
   */
  async read(sessionId: string): Promise<LogHead> {
    this.cache.delete(sessionId);
    const readAt = performance.now();
    const read = Symbol(sessionId);
    this.reads.set(sessionId, read);
    try {
      const { document, last } = await this.findAndKeep(sessionId);
      const timestamp = Math.max(document.startedAt.getTime(), last?.timestamp.getTime() ?? 0);
      const head = { sequence: last?.sequence ?? 0, timestamp, readAt };
      if (this.reads.get(sessionId) === read) this.cache.set(sessionId, head);
      return head;
    } finally {
      if (this.reads.get(sessionId) === read) this.reads.delete(sessionId);
    }
  }

  /**
   * Call before an append is acknowledged. Reads the session again if `head` is from a read so long ago
   * that the session may have expired and been deleted since.
   *
   * @throws SESSION_NOT_FOUND
   */
  confirm(sessionId: string, head: LogHead): Promise<LogHead> | undefined {
    return performance.now() - head.readAt > READ_VALID_MS ? this.read(sessionId) : undefined;
  }

  /** Moves the head on after events up to this one were stored right after `from`. */
  advance(sessionId: string, from: LogHead, last: Pick<Event, 'sequence' | 'timestamp'>): void {
    // An invalidated head stays so: the session may have been deleted.
    if (this.cache.get(sessionId) !== from) return;
    const { sequence, timestamp } = last;
    this.cache.set(sessionId, { sequence, timestamp: timestamp.getTime(), readAt: from.readAt });
  }

  /** Makes the next append to any session read the head. */
  invalidateAll(): void {
    this.reads.clear();
    this.cache.clear();
  }

  /** Makes the next append read the head: neither the cached one nor the result of a read in flight is valid. */
  invalidate(sessionId: string): void {
    this.reads.delete(sessionId);
    this.cache.delete(sessionId);
  }

  /** Finds the session, and keeps the sweep from deleting it. */
  private async findAndKeep(sessionId: string): Promise<FoundOutline> {
    for (;;) {
      const found = await this.sessions.findOutline(sessionId);
      if (found === undefined) throw sessionNotFound(sessionId);
      const { expiring } = found.document;
      if (expiring === undefined || (await this.marks.remove(sessionId, expiring))) return found;
    }
  }
}
