import { eventNotFound, sessionNotFound } from '../../core/errors';
import type { Event, NewEvent } from '../../core/event';
import type { RequestContext } from '../../core/request-context';
import type { NewSession, Session, SessionChange, SessionEnd } from '../../core/session';
import type {
  AddedEvent,
  CompletedSession,
  CreatedSession,
  PageRange,
  SessionPage,
  SessionQuery,
  SessionRepository,
} from '../../core/store';
import type { StoreObserver } from '../../core/store-observer';
import { type Watcher, WatchRegistry } from '../../core/watch-registry';
import type { Logger } from '../../telemetry/logger';
import { ChangeStream } from './watch/change-stream';
import { EventCleanup } from './events/event-cleanup';
import type { MongoConnection } from './connection';
import { toEvent } from './documents/event-document';
import { toSession } from './documents/session-document';
import { AppendQueues } from './append/append-queue';
import { deleteExpired } from './sessions/expiry';
import { SessionFinder } from './sessions/session-finder';
import { listSessions } from './sessions/list-sessions';
import { type Page, PageReader } from './events/page-reader';
import { BY_TIME } from './documents/schema';
import { SessionChanges } from './sessions/session-writer';
import { retryUntilKnown } from './retry';
import { EventFinder } from './events/event-finder';
import { LogHeads } from './append/log-heads';
import { QUERY_TIMEOUT_MS } from './query-timeout';

const NO_PAGE: Page = { events: [], cut: false };

/** Sessions in MongoDB, through any number of servers at once. */
export class MongoSessionRepository implements SessionRepository {
  private readonly sessions: SessionFinder;
  private readonly pages: PageReader;
  private readonly stored: EventFinder;
  private readonly tails: LogHeads;
  private readonly writer: AppendQueues;
  private readonly changes: SessionChanges;
  private readonly deleted: EventCleanup;
  private readonly watches = new WatchRegistry();
  private readonly stream: ChangeStream;

  /** @param pollMs how often watches look on a standalone server, in milliseconds */
  constructor(
    private readonly connection: MongoConnection,
    pollMs: number,
    logger: Logger,
    observer: StoreObserver,
  ) {
    this.sessions = new SessionFinder(connection);
    this.pages = new PageReader(connection);
    this.stored = new EventFinder(connection);
    this.tails = new LogHeads(this.sessions);
    this.writer = new AppendQueues(connection, this.tails, this.stored, observer);
    this.changes = new SessionChanges(connection, this.sessions);
    this.deleted = new EventCleanup(connection, logger);
    this.stream = new ChangeStream(connection, this.watches, pollMs, logger);
  }

  createSession(session: NewSession, context: RequestContext): Promise<CreatedSession> {
    return this.changes.create(session, context);
  }

  async completeSession(
    sessionId: string,
    end: SessionEnd,
    context: RequestContext,
  ): Promise<CompletedSession> {
    const completed = await this.changes.complete(sessionId, end, context);
    this.watches.notify(sessionId, 0);
    return completed;
  }

  async updateSession(
    sessionId: string,
    change: (session: Session) => SessionChange,
    context: RequestContext,
  ): Promise<Session> {
    const updated = await this.changes.update(sessionId, change, context);
    this.watches.notify(sessionId, 0);
    return updated;
  }

  async deleteSession(sessionId: string, context: RequestContext): Promise<void> {
    await this.changes.delete(sessionId, context);
    this.afterDeletion(sessionId);
  }

  async deleteExpired(retentionMs: number, signal: AbortSignal): Promise<number> {
    const sessionIds = await deleteExpired(this.connection, this.sessions, retentionMs, signal);
    for (const sessionId of sessionIds) this.afterDeletion(sessionId);
    return sessionIds.length;
  }

  async addEvents(
    sessionId: string,
    events: readonly NewEvent[],
    context: RequestContext,
  ): Promise<AddedEvent[]> {
    const added = await this.writer.append(sessionId, events, context);
    // Before the change stream does: a watch on this server need not wait for it.
    this.watches.notify(sessionId, 0);
    return added;
  }

  readSession(sessionId: string, range: PageRange, context: RequestContext): Promise<SessionPage> {
    return retryUntilKnown(this.connection, context, async ({ sessions }) => {
      const [found, page] = await Promise.all([
        this.sessions.find(sessionId),
        range.limit === 0 ? NO_PAGE : this.pages.read(sessionId, range),
      ]);
      if (found === undefined) throw sessionNotFound(sessionId);
      const { document, last } = found;
      const { events, cut } = page;
      const count = last?.sequence ?? 0;
      const wanted = Math.min(range.afterSequence + range.limit, count) - range.afterSequence;
      const newest = events.reduce((newer, event) => (event.sequence > newer.sequence ? event : newer), {
        sequence: count,
        timestamp: last?.timestamp ?? document.startedAt,
      });
      const end = newest.sequence === 0 ? undefined : newest;
      if (cut || events.length >= wanted) return { session: toSession(document, end), events };
      // The page has fewer than the log: it was read a little earlier, or the session is being deleted.
      if (events.length === 0 || range.newestFirst === true) return undefined;
      if ((await sessions.countDocuments({ sessionId, deletedAt: null }, { limit: 1 })) === 0)
        throw sessionNotFound(sessionId);
      return { session: toSession(document, events.at(-1)), events };
    });
  }

  getEvent(sessionId: string, eventId: string, context: RequestContext): Promise<Event> {
    return retryUntilKnown(this.connection, context, async () => {
      const [session, [document]] = await Promise.all([
        this.sessions.find(sessionId),
        this.stored.find(sessionId, [eventId]),
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
          hint: BY_TIME,
          maxTimeMS: QUERY_TIMEOUT_MS,
        },
      );
      return last?.sequence ?? 0;
    });
  }

  listSessions(query: SessionQuery, context: RequestContext): Promise<Session[]> {
    return retryUntilKnown(this.connection, context, (database) => listSessions(database, query));
  }

  watch(sessionId: string): Watcher {
    const watch = this.watches.open(sessionId);
    this.stream.start();
    return watch;
  }

  ping(): Promise<void> {
    return this.connection.ping();
  }

  async close(): Promise<void> {
    this.stream.stop();
    await this.deleted.stop();
    await this.connection.close();
  }

  private afterDeletion(sessionId: string): void {
    this.tails.invalidate(sessionId);
    this.deleted.run();
    this.watches.notify(sessionId, 0);
  }
}
