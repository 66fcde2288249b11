import { eventNotFound, sessionNotFound } from '../../../core/errors';
import type { Event } from '../../../core/event';
import type { RequestContext } from '../../../core/request-context';
import type { EventStore, PageRange, SessionPage } from '../../../core/store';
import type { MongoConnection } from '../connection';
import { BY_TIME } from '../documents/schema';
import { toEvent } from '../documents/event-document';
import { toSession } from '../documents/session-document';
import { QUERY_TIMEOUT_MS } from '../query-timeout';
import { retryUntilKnown } from '../retry';
import { notDeleted, type SessionFinder } from '../sessions/session-finder';
import type { EventFinder } from './event-finder';
import { type Page, PageReader } from './page-reader';

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
  readPage(sessionId: string, range: PageRange, context: RequestContext): Promise<SessionPage> {
    return retryUntilKnown(this.connection, context, async ({ sessions }) => {
      const [found, page] = await Promise.all([
        this.sessions.find(sessionId),
        range.limit === 0 ? NO_PAGE : this.pages.read(sessionId, range),
      ]);
      if (found === undefined) throw sessionNotFound(sessionId);
      const { document, last } = found;
      const { events, cut } = page;
      const count = last?.sequence ?? 0;
      const expected = Math.min(range.afterSequence + range.limit, count) - range.afterSequence;
      const newest = events.reduce((newer, event) => (event.sequence > newer.sequence ? event : newer), {
        sequence: count,
        timestamp: last?.timestamp ?? document.startedAt,
      });
      const head = newest.sequence === 0 ? undefined : newest;
      if (cut || events.length >= expected) return { session: toSession(document, head), events };
      // The page lacks events of the log: it was read a little earlier, or the session is being deleted.
      if (events.length === 0 || range.newestFirst === true) return undefined;
      if ((await sessions.countDocuments(notDeleted({ sessionId }), { limit: 1 })) === 0)
        throw sessionNotFound(sessionId);
      return { session: toSession(document, events.at(-1)), events };
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
          projection: { _id: 0, sequence: 1 },
          ...this.connection.integrity.hint(BY_TIME),
          maxTimeMS: QUERY_TIMEOUT_MS,
        },
      );
      return last?.sequence ?? 0;
    });
  }
}
