import { eventNotFound, sessionNotFound } from '../../../core/errors';
import type { Event } from '../../../core/event';
import type { RequestContext } from '../../../core/request-context';
import type { EventStore, PageRange, SessionPage } from '../../../core/store';
import type { Database, MongoConnection } from '../connection';
import {
  doubledEvent,
  hiddenEvent,
  type LogEnd,
  missingEvent,
  toEvent,
  toLogEnd,
} from '../documents/event-document';
import { BY_SEQUENCE, BY_TIME } from '../documents/schema';
import { toSession } from '../documents/session-document';
import { partToRead, selectEvents } from '../../select-events';
import { QUERY_TIMEOUT_MS } from '../query-timeout';
import { retryUntilKnown } from '../retry';
import type { FoundSession, SessionFinder } from '../sessions/session-finder';
import type { EventFinder } from './event-finder';
import { type Page, PageReader } from './page-reader';

/** How long the majority reads of a new primary may lack an event that is stored, in milliseconds. */
const MAX_LAG_MS = 1000;

const NO_PAGE: Page = { events: [], cut: false };

/** Reads logs: pages, single events, and how many events precede a time. */
export class EventReader implements Omit<EventStore, 'append'> {
  private readonly pages: PageReader;

  constructor(
    private readonly connection: MongoConnection,
    private readonly sessions: SessionFinder,
    private readonly events: EventFinder,
  ) {
    this.pages = new PageReader(connection);
  }

  /** Session, log head and page are read in parallel, and may be from slightly different times. */
  async readPage(sessionId: string, range: PageRange, context: RequestContext): Promise<SessionPage> {
    const whole = await this.readAll(sessionId, partToRead(range, Infinity), context);
    return { session: whole.session, ...selectEvents(whole.events, range) };
  }

  private readAll(
    sessionId: string,
    range: PageRange,
    context: RequestContext,
  ): Promise<Omit<SessionPage, 'examinedTo'>> {
    let hiddenSince: number | undefined;
    return retryUntilKnown(this.connection, context, async (database) => {
      const [found, page] = await Promise.all([
        this.sessions.find(sessionId),
        range.limit === 0 ? NO_PAGE : this.pages.read(sessionId, range),
      ]);
      if (found === undefined) throw sessionNotFound(sessionId);
      if (nextMissing(page, range, found) === undefined) return toSessionPage(found, page);
      // The page may have been read before the log head was: read it again, after the head.
      const again = await this.pages.read(sessionId, range);
      const missing = nextMissing(again, range, found);
      if (missing === undefined || missing !== firstOf(range, found)) return toSessionPage(found, again);
      hiddenSince ??= performance.now();
      await this.throwIfMissing(database, sessionId, missing);
      if (performance.now() - hiddenSince > MAX_LAG_MS) throw hiddenEvent(sessionId, missing);
      return undefined;
    });
  }

  get(sessionId: string, eventId: string, context: RequestContext): Promise<Event> {
    return retryUntilKnown(this.connection, context, async () => {
      const [session, [document]] = await Promise.all([
        this.sessions.find(sessionId),
        this.events.find(sessionId, [eventId]),
      ]);
      if (session === undefined) throw sessionNotFound(sessionId);
      if (document === undefined) throw eventNotFound(sessionId, eventId);
      return toEvent(document);
    });
  }

  countBefore(sessionId: string, time: Date, context: RequestContext): Promise<number> {
    return retryUntilKnown(this.connection, context, async ({ events }) => {
      const last = await events.findOne(
        { sessionId, timestamp: { $lt: time } },
        {
          sort: { timestamp: -1, sequence: -1 },
          projection: { _id: 0, sequence: 1, timestamp: 1 },
          ...this.connection.integrity.hint(BY_TIME),
          maxTimeMS: QUERY_TIMEOUT_MS,
        },
      );
      return last === null ? 0 : toLogEnd(sessionId, last).sequence;
    });
  }

  /** Throws why the first event of a page is missing, unless it is there after all: the majority reads of a new primary may lag. */
  private async throwIfMissing(database: Database, sessionId: string, sequence: number): Promise<void> {
    const { integrity, confirmedReads } = this.connection;
    const [row, another] = await confirmedReads.run((options) =>
      database.events
        .find({ sessionId, sequence }, { ...integrity.hint(BY_SEQUENCE), limit: 2, ...options })
        .toArray(),
    );
    // After the event: the events of a session are removed only once it is deleted.
    if ((await this.sessions.find(sessionId)) === undefined) throw sessionNotFound(sessionId);
    if (row === undefined) throw missingEvent(sessionId, sequence);
    if (another !== undefined) throw doubledEvent(sessionId, sequence);
    toEvent(row);
  }
}

/** The last event of the range; the start of the range if that is beyond the log. */
function endOf({ afterSequence, limit }: PageRange, { last }: FoundSession): number {
  return Math.max(afterSequence, Math.min(afterSequence + limit, last?.sequence ?? 0));
}

/** The event that a page of the range begins with. */
function firstOf(range: PageRange, found: FoundSession): number {
  return range.newestFirst === true ? endOf(range, found) : range.afterSequence + 1;
}

/** The first event that the page lacks, in its order; undefined if it has the whole range, or ended at its maximum size. */
function nextMissing({ events, cut }: Page, range: PageRange, found: FoundSession): number | undefined {
  const { afterSequence, newestFirst } = range;
  const end = endOf(range, found);
  if (newestFirst === true) {
    // The page may have been read after the head, and so begin with a later event.
    const newest = events[0]?.sequence ?? afterSequence;
    if (newest < end) return end;
    return cut || newest - events.length === afterSequence ? undefined : newest - events.length;
  }
  const next = afterSequence + events.length + 1;
  return cut || next > end ? undefined : next;
}

function toSessionPage({ document, last }: FoundSession, { events }: Page): Omit<SessionPage, 'examinedTo'> {
  const newest = events.reduce(
    (newer: LogEnd | undefined, event) =>
      newer === undefined || event.sequence > newer.sequence ? event : newer,
    last,
  );
  return { session: toSession(document, newest), events };
}
