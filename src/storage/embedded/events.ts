import { eventNotFound, sequenceMismatch } from '../../core/errors';
import type { Event, NewEvent } from '../../core/event';
import type { RequestContext } from '../../core/request-context';
import type { AppendedEvent, EventPage, EventStore, PageRange, SessionPage } from '../../core/store';
import type { WatchRegistry } from '../../core/watch-registry';
import { notBefore } from './clock';
import type { DiskSpace } from './disk-space';
import { LogPage } from './tables/log-page';
import type { Tables } from './tables/tables';
import type { Transactions } from './transactions';
import type { Turns } from './turns';

export class EmbeddedEventStore implements EventStore {
  constructor(
    private readonly transactions: Transactions,
    private readonly tables: Tables,
    private readonly disk: DiskSpace,
    private readonly watches: WatchRegistry,
    private readonly turns: Turns,
  ) {}

  async append(
    sessionId: string,
    events: readonly NewEvent[],
    context: RequestContext,
  ): Promise<AppendedEvent[]> {
    const { tables, disk } = this;
    const appended = await this.transactions.write(() => {
      let head = tables.headOf(sessionId);
      return events.map(({ eventId, type, payload, expectedSequence }): AppendedEvent => {
        const stored = tables.events.find(sessionId, eventId);
        if (stored !== undefined) return { event: stored, duplicate: true };
        disk.throwIfFull();
        if (expectedSequence !== undefined && expectedSequence !== head.sequence)
          throw sequenceMismatch(expectedSequence, head.sequence);
        head = { sequence: head.sequence + 1, timestamp: notBefore(head.timestamp) };
        const event = tables.append({ eventId, sessionId, type, payload, ...head });
        return { event, duplicate: false };
      });
    }, context);
    this.watches.notify(sessionId, 0);
    return appended;
  }

  get(sessionId: string, eventId: string, context: RequestContext): Promise<Event> {
    const { tables } = this;
    return this.transactions.read(() => {
      tables.getSession(sessionId);
      const event = tables.events.find(sessionId, eventId);
      if (event === undefined) throw eventNotFound(sessionId, eventId);
      return event;
    }, context);
  }

  /** Reads a long page in slices. */
  async readPage(sessionId: string, range: PageRange, context: RequestContext): Promise<SessionPage> {
    const { tables, transactions } = this;
    const { session, page } = await transactions.read(() => {
      const session = tables.withLogHead(tables.getSession(sessionId));
      const page = new LogPage(sessionId, range, session.eventCount);
      tables.events.readSlice(page);
      return { session, page };
    }, context);
    while (!page.isComplete) {
      await this.turns.next();
      await transactions.read(() => {
        // A deleted session may have only a part of its log left.
        tables.getSession(sessionId);
        tables.events.readSlice(page);
      }, context);
    }
    return { session, events: page.events, examinedTo: page.examinedTo };
  }

  readEvents(sessionId: string, range: PageRange, context: RequestContext): Promise<EventPage> {
    return this.readPage(sessionId, range, context);
  }

  countBefore(sessionId: string, time: Date, context: RequestContext): Promise<number> {
    const { tables } = this;
    return this.transactions.read(() => {
      // A deleted session may have only the end of its log left, which cannot be searched.
      tables.getSession(sessionId);
      return tables.events.countBefore(sessionId, time);
    }, context);
  }
}
