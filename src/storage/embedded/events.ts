import { eventNotFound, sequenceMismatch } from '../../core/errors';
import type { Event, NewEvent } from '../../core/event';
import type { RequestContext } from '../../core/request-context';
import type { AppendedEvent, EventStore, PageRange, SessionPage } from '../../core/store';
import type { WatchRegistry } from '../../core/watch-registry';
import { partToRead, selectEvents } from '../select-events';
import { notBefore } from './clock';
import type { DiskSpace } from './disk-space';
import type { Tables } from './tables/tables';
import type { Transactions } from './transactions';

export class EmbeddedEventStore implements EventStore {
  constructor(
    private readonly transactions: Transactions,
    private readonly tables: Tables,
    private readonly disk: DiskSpace,
    private readonly watches: WatchRegistry,
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
    return this.transactions.read((from) => {
      tables.getSession(sessionId, from);
      const event = tables.events.find(sessionId, eventId, from);
      if (event === undefined) throw eventNotFound(sessionId, eventId);
      return event;
    }, context);
  }

  readPage(sessionId: string, range: PageRange, context: RequestContext): Promise<SessionPage> {
    const { tables } = this;
    return this.transactions.read((from) => {
      const session = tables.withLogHead(tables.getSession(sessionId, from), from);
      const part = partToRead(range, session.eventCount);
      return {
        session,
        ...selectEvents(tables.events.read(sessionId, part, session.eventCount, from), range),
      };
    }, context);
  }

  countBefore(sessionId: string, time: Date, context: RequestContext): Promise<number> {
    const { tables } = this;
    return this.transactions.read((from) => {
      // A deleted session may have only the end of its log left, which cannot be searched.
      tables.getSession(sessionId, from);
      return tables.events.countBefore(sessionId, time, from);
    }, context);
  }
}
