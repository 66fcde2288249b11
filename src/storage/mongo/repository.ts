import { Types } from 'mongoose';
import { sessionNotFound, storeUnavailable } from '../../core/errors';
import type { NewEvent } from '../../core/event';
import type { RequestContext } from '../../core/request-context';
import type { NewSession, SessionEnd } from '../../core/session';
import type {
  AddedEvent,
  CompletedSession,
  CreatedSession,
  PageRange,
  SessionPage,
  SessionRepository,
} from '../../core/session-repository';
import { type Database, DURABLE, type MongoConnection } from './connection';
import { newSessionDocument, toSession } from './documents';
import { isDuplicateKey, isPassing, isUnreachable, toConversationError } from './driver-errors';
import { EventWriter } from './event-writer';
import { type FoundSession, SessionFinder } from './find-session';
import { PageReader } from './read-pages';
import { ASK_MS, pause, within } from './time-limit';

/** About how long to wait before asking again, in milliseconds. */
const AGAIN_MS = 50;

/** A question to the store; `undefined` where its answer is not settled yet, and it is to be asked again. */
type Ask<Answer> = (database: Database) => Promise<Answer | undefined>;

/** Sessions in MongoDB, through any number of servers at once. */
export class MongoSessionRepository implements SessionRepository {
  private readonly sessions: SessionFinder;
  private readonly pages: PageReader;
  private readonly writer: EventWriter;

  constructor(private readonly connection: MongoConnection) {
    this.sessions = new SessionFinder(connection);
    this.pages = new PageReader(connection);
    this.writer = new EventWriter(connection, this.sessions);
  }

  createSession(session: NewSession, context: RequestContext): Promise<CreatedSession> {
    const document = newSessionDocument(session);
    return this.settle(context, async (database) => {
      try {
        await database.sessions.insertOne(document, { maxTimeMS: ASK_MS, writeConcern: DURABLE });
        return { session: toSession(document, 0), created: true };
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
      }
      // Whoever was first may not be on a majority yet: only then is it told.
      const found = await this.sessions.find(session.sessionId);
      if (found === undefined) return undefined;
      return {
        session: toSession(found.document, countOf(found)),
        created: found.document._id.equals(document._id),
      };
    });
  }

  readSession(sessionId: string, range: PageRange, context: RequestContext): Promise<SessionPage> {
    return this.settle(context, async (database) => {
      const [found, page] = await Promise.all([
        this.sessions.find(sessionId),
        this.pages.read(sessionId, range),
      ]);
      if (found === undefined) throw sessionNotFound(sessionId);
      const { events, cut } = page;
      const end = events.at(-1)?.sequence ?? 0;
      const count = countOf(found);
      const whole = cut || events.length === range.limit || range.afterSequence + events.length >= count;
      if (whole) return { session: toSession(found.document, Math.max(count, end)), events };
      // The page ends before the log does: it was read a little earlier, or the session is being deleted.
      if (events.length === 0) return undefined;
      if ((await database.sessions.countDocuments({ sessionId }, { limit: 1 })) === 0)
        throw sessionNotFound(sessionId);
      return { session: toSession(found.document, end), events };
    });
  }

  completeSession(sessionId: string, end: SessionEnd, context: RequestContext): Promise<CompletedSession> {
    const endId = new Types.ObjectId();
    return this.settle(context, async (database) => {
      const endedAt = { $max: ['$startedAt', new Date()] };
      const change = {
        status: { $literal: end.status },
        endReason: { $literal: end.endReason },
        endedAt,
        endId,
      };
      await database.sessions.updateOne({ sessionId, endedAt: null }, [{ $set: change }], {
        maxTimeMS: ASK_MS,
        writeConcern: DURABLE,
      });
      const found = await this.sessions.find(sessionId);
      if (found === undefined) throw sessionNotFound(sessionId);
      // Whoever ended it first may not be on a majority yet: only then is it told.
      if (found.document.endedAt === null) return undefined;
      return {
        session: toSession(found.document, countOf(found)),
        alreadyCompleted: found.document.endId?.equals(endId) !== true,
      };
    });
  }

  addEvents(sessionId: string, events: readonly NewEvent[], context: RequestContext): Promise<AddedEvent[]> {
    return this.writer.append(sessionId, events, context);
  }

  ping(): Promise<void> {
    return this.connection.ping();
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  /** Asks until the answer is settled, the failure is not one that passes, or the caller's time is over. */
  private async settle<Answer>(context: RequestContext, ask: Ask<Answer>): Promise<Answer> {
    for (;;) {
      context.throwIfEnded();
      let failure: unknown;
      try {
        const answer = await within(ASK_MS, ask(this.connection.database));
        if (answer !== undefined) return answer;
      } catch (error) {
        if (!isPassing(error) || isUnreachable(error)) throw toConversationError(error);
        failure = error;
      }
      const ms = AGAIN_MS * (0.5 + Math.random());
      if (context.remainingMs() <= ms) throw storeUnavailable(failure);
      await pause(ms);
    }
  }
}

/** The sequence of its last event. */
function countOf({ last }: FoundSession): number {
  return last?.sequence ?? 0;
}
