import { randomUUID } from 'node:crypto';
import { ConversationError } from '../../src/core/errors';
import type { Event } from '../../src/core/event';
import { RequestContext } from '../../src/core/request-context';
import type { Store } from '../../src/core/store';
import { StructBytes } from '../../src/core/struct/struct-bytes';

/** Errors after which a client sends the same again. */
const PASSING = new Set(['STORE_UNAVAILABLE', 'DEADLINE_EXCEEDED', 'INTERNAL']);

/** How long a writer goes on after failures, in milliseconds. */
const PATIENCE_MS = 60_000;

/** A client of one session that does not give up: it sends each event until it is acknowledged. */
export class LogWriter {
  /** What was acknowledged: event id to sequence. */
  readonly acknowledged = new Map<string, number>();
  /** The longest time that one try took, in milliseconds. */
  longestTryMs = 0;
  /** How many tries ended with an error. */
  failures = 0;
  private next = 0;

  constructor(
    private readonly store: Store,
    private readonly deadlineMs = 10_000,
    readonly sessionId = `session-${randomUUID()}`,
  ) {}

  async create(): Promise<void> {
    await this.insist((context) => {
      const session = {
        sessionId: this.sessionId,
        language: 'en',
        status: 'active',
        metadata: StructBytes.EMPTY,
      } as const;
      return this.store.sessions.create(session, context);
    });
  }

  /** Adds so many events, a few at a time, each until it is acknowledged. */
  async add(count: number, atOnce = 20): Promise<void> {
    const last = this.next + count;
    const writer = async (): Promise<void> => {
      while (this.next < last) await this.addOne(`event-${this.next++}`);
    };
    await Promise.all(Array.from({ length: atOnce }, writer));
  }

  /** The whole log, as a reader gets it. */
  async read(): Promise<Event[]> {
    const events: Event[] = [];
    for (;;) {
      const range = { afterSequence: events.length, limit: 1000, maximumBytes: 1 << 20 };
      const page = await this.insist((context) => this.store.events.readPage(this.sessionId, range, context));
      events.push(...page.events);
      if (events.length >= page.session.eventCount) return events;
    }
  }

  private async addOne(eventId: string): Promise<void> {
    const payload = StructBytes.of({ text: eventId });
    const event = { eventId, type: 'transcript', payload };
    const [added] = await this.insist((context) =>
      this.store.events.append(this.sessionId, [event], context),
    );
    if (added === undefined) throw new Error('an event was acknowledged without an answer');
    this.acknowledged.set(eventId, added.event.sequence);
  }

  private async insist<Answer>(ask: (context: RequestContext) => Promise<Answer>): Promise<Answer> {
    const giveUpAt = performance.now() + PATIENCE_MS;
    for (;;) {
      const startedAt = performance.now();
      try {
        return await ask(new RequestContext(Date.now() + this.deadlineMs));
      } catch (error) {
        const passing = error instanceof ConversationError && PASSING.has(error.reason);
        if (!passing || startedAt > giveUpAt) throw error;
        this.failures += 1;
      } finally {
        this.longestTryMs = Math.max(this.longestTryMs, performance.now() - startedAt);
      }
    }
  }
}

/** The log is dense, in order of time, and holds what was acknowledged, each once, where it was said to be. */
export async function expectWholeLog(writer: LogWriter, count: number): Promise<void> {
  const events = await writer.read();
  expect(events.map(({ sequence }) => sequence)).toEqual(Array.from({ length: count }, (_, i) => i + 1));
  expect(new Map(events.map(({ eventId, sequence }) => [eventId, sequence]))).toEqual(writer.acknowledged);
  const times = events.map(({ timestamp }) => timestamp.getTime());
  expect(times).toEqual([...times].sort((a, b) => a - b));
}
