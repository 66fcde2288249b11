import { eventNotFound, sessionNotFound } from '../../../core/errors';
import type { Event } from '../../../core/event';
import type { RequestContext } from '../../../core/request-context';
import type { EventPage, EventStore, PageRange, SessionPage } from '../../../core/store';
import type { Database, MongoConnection } from '../connection';
import { doubledEvent, hiddenEvent, type LogEnd, missingEvent, toLogEnd } from '../documents/event-document';
import { BY_SEQUENCE, BY_TIME } from '../documents/schema';
import { toSession } from '../documents/session-document';
import { readEventRow } from '../documents/stored-event';
import { QUERY_TIMEOUT_MS } from '../query-timeout';
import { retryUntilKnown } from '../retry';
import type { FoundOutline, FoundSession, SessionFinder } from '../sessions/session-finder';
import type { EventFinder } from './event-finder';
import { emptyPage, lastOf, type Page } from './page';
import { PageReader } from './page-reader';
import { RowSizes } from './row-sizes';
import { TypeReader } from './type-reader';

/**
 * How often a page may lack an event that is confirmed to be stored. The majority reads of a new
 * primary may lag; a limit in time would include elections, during which a confirmation waits.
 */
const MAX_LAGGING_READS = 15;

/** Reads logs: pages, single events, and how many events precede a time. */
export class EventReader implements Omit<EventStore, 'append'> {
  private readonly sizes = new RowSizes();
  private readonly pages: PageReader;
  private readonly ofTypes: TypeReader;

  constructor(
    private readonly connection: MongoConnection,
    private readonly sessions: SessionFinder,
    private readonly events: EventFinder,
  ) {
    this.pages = new PageReader(connection, this.sizes);
    this.ofTypes = new TypeReader(connection, this.sizes);
  }

  async readPage(sessionId: string, range: PageRange, context: RequestContext): Promise<SessionPage> {
    const find = (): Promise<FoundSession | undefined> => this.sessions.find(sessionId);
    const { found, page } = await this.readWith(find, sessionId, range, context);
    const { events, examinedTo } = page;
    return { session: toSession(found.document, newerEnd(found.last, events)), events, examinedTo };
  }

  async readEvents(sessionId: string, range: PageRange, context: RequestContext): Promise<EventPage> {
    const find = (): Promise<FoundOutline | undefined> => this.sessions.findOutline(sessionId);
    const { found, page } = await this.readWith(find, sessionId, range, context);
    const { events, examinedTo } = page;
    const { revision, endedAt } = found.document;
    const eventCount = newerEnd(found.last, events)?.sequence ?? 0;
    return { session: { eventCount, revision, endedAt: endedAt ?? undefined }, events, examinedTo };
  }

  /** Session, log head and page are read in parallel, and may be from slightly different times. */
  private readWith<Found extends FoundOutline | FoundSession>(
    find: () => Promise<Found | undefined>,
    sessionId: string,
    range: PageRange,
    context: RequestContext,
  ): Promise<{ readonly found: Found; readonly page: Page }> {
    let laggingReads = 0;
    return retryUntilKnown(this.connection, context, async (database) => {
      const [found, page] = await Promise.all([
        find(),
        range.limit === 0 ? emptyPage(range) : this.read(sessionId, range),
      ]);
      if (found === undefined) throw sessionNotFound(sessionId);
      if (nextMissing(page, range, found) === undefined) return { found, page };
      // The page may have been read before the log head was: read it again, up to the head.
      const stored = { ...range, limit: endOf(range, found) - range.afterSequence };
      const again = await this.read(sessionId, stored);
      const missing = nextMissing(again, stored, found);
      if (missing === undefined || missing !== firstOf(stored, found)) return { found, page: again };
      await this.throwIfMissing(database, sessionId, missing);
      laggingReads += 1;
      if (laggingReads > MAX_LAGGING_READS) throw hiddenEvent(sessionId, missing);
      return undefined;
    });
  }

  get(sessionId: string, eventId: string, context: RequestContext): Promise<Event> {
    return retryUntilKnown(this.connection, context, async () => {
      const [session, [row]] = await Promise.all([
        this.sessions.findOutline(sessionId),
        this.events.find(sessionId, [eventId], this.sizes.expectedBytes(sessionId, 1)),
      ]);
      if (session === undefined) throw sessionNotFound(sessionId);
      if (row === undefined) throw eventNotFound(sessionId, eventId);
      return row.event();
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

  private read(sessionId: string, range: PageRange): Promise<Page> {
    const { types } = range;
    return types === undefined
      ? this.pages.read(sessionId, range)
      : this.ofTypes.read(sessionId, range, types);
  }

  /** Throws why the first event of a page is missing, unless it is there after all: the majority reads of a new primary may lag. */
  private async throwIfMissing(database: Database, sessionId: string, sequence: number): Promise<void> {
    const { integrity, confirmedReads } = this.connection;
    const [row, another] = await confirmedReads.run((options) =>
      database.events
        .find<Buffer>(
          { sessionId, sequence },
          { ...integrity.hint(BY_SEQUENCE), limit: 2, raw: true, ...options },
        )
        .toArray(),
    );
    // After the event: the events of a session are removed only once it is deleted.
    if ((await this.sessions.findOutline(sessionId)) === undefined) throw sessionNotFound(sessionId);
    if (row === undefined) throw missingEvent(sessionId, sequence);
    if (another !== undefined) throw doubledEvent(sessionId, sequence);
    readEventRow(row).event();
  }
}

/** What the head of a log tells. */
type HasEnd = Pick<FoundSession, 'last'>;

/** The last event of the range; the start of the range if that is beyond the log. */
function endOf({ afterSequence, limit }: PageRange, { last }: HasEnd): number {
  return Math.max(afterSequence, Math.min(afterSequence + limit, last?.sequence ?? 0));
}

/** The event that a page of the range begins with. */
function firstOf(range: PageRange, found: HasEnd): number {
  return range.newestFirst === true ? endOf(range, found) : range.afterSequence + 1;
}

/** The first event that the page lacks, in its order; undefined if it lacks none, or ended at a limit. */
function nextMissing({ first, examinedTo, end }: Page, range: PageRange, found: HasEnd): number | undefined {
  const last = endOf(range, found);
  if (range.newestFirst === true) {
    if (last === range.afterSequence) return undefined;
    // The page may have been read after the head, and so begin with a later event.
    if (first < last) return last;
    return end === 'limit' || examinedTo === lastOf(range) ? undefined : examinedTo - 1;
  }
  return end === 'limit' || examinedTo >= last ? undefined : examinedTo + 1;
}

/** The end of the log: the page may have been read after the head. */
function newerEnd(last: LogEnd | undefined, events: readonly Event[]): LogEnd | undefined {
  return events.reduce(
    (newer: LogEnd | undefined, event) =>
      newer === undefined || event.sequence > newer.sequence ? event : newer,
    last,
  );
}
