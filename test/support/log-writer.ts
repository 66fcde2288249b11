import { randomUUID } from 'node:crypto';
import { ConversationError } from '../../src/core/errors';
import type { Event } from '../../src/core/event';
import { RequestContext } from '../../src/core/request-context';
import type { Store } from '../../src/core/store';
import { StructBytes } from '../../src/core/struct/struct-bytes';

/** Errors after which a client retries. */
const RETRYABLE = new Set(['STORE_UNAVAILABLE', 'DEADLINE_EXCEEDED', 'INTERNAL']);

/** How long a writer retries one operation, in milliseconds. */
const MAX_RETRY_MS = 60_000;

/** A client of one session that retries each event until it is acknowledged. */
export class LogWriter {
  /** Acknowledged events: event ID → sequence. */
  readonly acknowledged = new Map<string, number>();
  /** The duration of the longest attempt, in milliseconds. */
  longestAttemptMs = 0;
  /** The number of failed attempts. */
  failures = 0;
  private next = 0;

  constructor(
    private readonly store: Store,
    private readonly deadlineMs = 10_000,
    readonly sessionId = `session-${randomUUID()}`,
  ) {}

  async create(): Promise<void> {
    await this.retry((context) => {
      const session = {
        sessionId: this.sessionId,
        language: 'en',
        status: 'active',
        metadata: StructBytes.EMPTY,
      } as const;
      return this.store.sessions.create(session, context);
    });
  }

  /** Adds this many events, some concurrently, and waits until all are acknowledged. */
  async add(count: number, concurrency = 20): Promise<void> {
    const last = this.next + count;
    const writer = async (): Promise<void> => {
      while (this.next < last) await this.addOne(`event-${this.next++}`);
    };
    await Promise.all(Array.from({ length: concurrency }, writer));
  }

  /** Reads the whole log in pages. */
  async read(): Promise<Event[]> {
    const events: Event[] = [];
    for (;;) {
      const range = { afterSequence: events.length, limit: 1000, maximumBytes: 1 << 20 };
      const page = await this.retry((context) => this.store.events.readPage(this.sessionId, range, context));
      events.push(...page.events);
      if (events.length >= page.session.eventCount) return events;
    }
  }

  private async addOne(eventId: string): Promise<void> {
    const payload = StructBytes.of({ text: eventId });
    const event = { eventId, type: 'transcript', payload };
    const [added] = await this.retry((context) => this.store.events.append(this.sessionId, [event], context));
    if (added === undefined) throw new Error('the store returned no result');
    this.acknowledged.set(eventId, added.event.sequence);
  }

  private async retry<Result>(operation: (context: RequestContext) => Promise<Result>): Promise<Result> {
    const giveUpAt = performance.now() + MAX_RETRY_MS;
    for (;;) {
      const startedAt = performance.now();
      try {
        return await operation(new RequestContext(Date.now() + this.deadlineMs));
      } catch (error) {
        const isRetryable = error instanceof ConversationError && RETRYABLE.has(error.reason);
        if (!isRetryable || startedAt > giveUpAt) throw error;
        this.failures += 1;
      } finally {
        this.longestAttemptMs = Math.max(this.longestAttemptMs, performance.now() - startedAt);
      }
    }
  }
}

/** Expects a dense log in order of time that contains exactly the acknowledged events, at their sequences. */
export async function expectWholeLog(writer: LogWriter, count: number): Promise<void> {
  const events = await writer.read();
  expect(events.map(({ sequence }) => sequence)).toEqual(Array.from({ length: count }, (_, i) => i + 1));
  expect(new Map(events.map(({ eventId, sequence }) => [eventId, sequence]))).toEqual(writer.acknowledged);
  const times = events.map(({ timestamp }) => timestamp.getTime());
  expect(times).toEqual([...times].sort((a, b) => a - b));
}
