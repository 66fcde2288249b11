import { Types } from 'mongoose';
import { sessionDeleted, sessionNotFound } from '../../../core/errors';
import type { RequestContext } from '../../../core/request-context';
import {
  lastActivityOf,
  type NewSession,
  type Session,
  type SessionChange,
  type SessionEnd,
} from '../../../core/session';
import type { CompletedSession, CreatedSession } from '../../../core/store';
import type { Database, MongoConnection } from '../connection';
import { newSessionDocument, toSession } from '../documents/session-document';
import { type FoundSession, type SessionFinder } from './session-finder';
import { BY_SESSION, type SessionDocument } from '../documents/schema';
import { writeUntilKnown } from '../retry';
import { QUERY_TIMEOUT_MS } from '../query-timeout';
import { WRITE } from '../write-options';

/** The process may have stood still during a read that takes longer, in milliseconds. */
const LONG_READ_MS = 20;

/**
 * Writes session documents. A change replaces the document only if its revision is still the one
 * that was read; otherwise it is retried on the new document. So concurrent changes are serialized,
 * and each replacement shows in the change stream with its session ID.
 *
 * Before the write, the caller may have given up and changed the session through another server, so
 * the last thing before each write is a check that the caller still waits.
 */
export class SessionWriter {
  constructor(
    private readonly connection: MongoConnection,
    private readonly sessions: SessionFinder,
  ) {}

  create(session: NewSession, context: RequestContext): Promise<CreatedSession> {
    const document = newSessionDocument(session);
    return writeUntilKnown(this.connection, context, async (database) => {
      context.throwIfEnded();
      if (await database.writer.insertSession(document))
        return { session: toSession(document, undefined), created: true };
      const found = await this.sessions.find(session.sessionId);
      if (found !== undefined) {
        const created = found.document._id.equals(document._id);
        return { session: toSession(found.document, found.last), created };
      }
      if (await this.isDeleted(session.sessionId)) throw sessionDeleted(session.sessionId);
      // The conflicting session is not majority-committed yet: retry until it is.
      return undefined;
    });
  }

  complete(sessionId: string, end: SessionEnd, context: RequestContext): Promise<CompletedSession> {
    // Lets this call recognize its own write if the first attempt's outcome was unknown.
    const endId = new Types.ObjectId();
    return writeUntilKnown(this.connection, context, async (database) => {
      const latest = await this.beforeChange(this.sessions.findLatest(sessionId), context);
      if (latest?.document.endedAt !== null) return this.findEnded(sessionId, endId, context);
      const { document, last } = latest;
      const changedAt = timeOfChange(document);
      const endedAt = lastActivityOf({ changedAt, lastEventAt: last?.timestamp });
      const ended = await replace(database, latest, { ...end, endedAt, endId, changedAt });
      return ended && { session: toSession(ended, last), alreadyCompleted: false };
    });
  }

  update(
    sessionId: string,
    change: (session: Session) => SessionChange,
    context: RequestContext,
  ): Promise<Session> {
    return writeUntilKnown(this.connection, context, async (database) => {
      const found = await this.get(sessionId, context);
      const session = toSession(found.document, found.last);
      const { status, language, metadata } = change(session);
      const isUnchanged =
        status === session.status && language === session.language && metadata.equals(session.metadata);
      if (isUnchanged) return session;
      const changed = await replace(database, found, {
        ...{ status, language, metadata: metadata.bytes },
        changedAt: timeOfChange(found.document),
      });
      return changed && toSession(changed, found.last);
    });
  }

  /** Replaces the session by its tombstone. `EventCleanup` removes its events later. */
  delete(sessionId: string, context: RequestContext): Promise<true> {
    return writeUntilKnown(this.connection, context, async (database) => {
      const found = await this.beforeChange(this.sessions.find(sessionId), context);
      if (found !== undefined) return writeTombstone(database, found.document);
      if (await this.isDeleted(sessionId)) return true;
      throw sessionNotFound(sessionId);
    });
  }

  /** Returns undefined if a majority does not have the end of the session yet. */
  private async findEnded(
    sessionId: string,
    endId: Types.ObjectId,
    context: RequestContext,
  ): Promise<CompletedSession | undefined> {
    const { document, last } = await this.get(sessionId, context);
    if (document.endedAt === null) return undefined;
    const alreadyCompleted = document.endId?.equals(endId) !== true;
    return { session: toSession(document, last), alreadyCompleted };
  }

  private async get(sessionId: string, context: RequestContext): Promise<FoundSession> {
    const found = await this.beforeChange(this.sessions.find(sessionId), context);
    if (found === undefined) throw sessionNotFound(sessionId);
    return found;
  }

  private async isDeleted(sessionId: string): Promise<boolean> {
    const { database, integrity } = this.connection;
    const filter = { sessionId, deletedAt: { $type: 'date' } } as const;
    const options = { ...integrity.hint(BY_SESSION), maxTimeMS: QUERY_TIMEOUT_MS };
    return (await database.tombstones.findOne(filter, options)) !== null;
  }

  /**
   * Throws if the caller has given up by the end of the read: then its change must not be written any
   * more. After this process stood still, the request or the reply may be handled before a cancellation
   * that arrived earlier, but not two turns of the event loop before it. During the read they cost nothing.
   */
  private async beforeChange(
    read: Promise<FoundSession | undefined>,
    context: RequestContext,
  ): Promise<FoundSession | undefined> {
    const startedAt = performance.now();
    const [found] = await Promise.all([read, twoTurns()]);
    if (performance.now() - startedAt > LONG_READ_MS) await twoTurns();
    context.throwIfEnded();
    return found;
  }
}

function twoTurns(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

/** The current time, or that of the previous change if the clock was set back behind it. */
function timeOfChange({ changedAt }: SessionDocument): Date {
  return new Date(Math.max(Date.now(), changedAt.getTime()));
}

/** Returns undefined if the session has changed meanwhile. */
async function replace(
  { writer }: Database,
  { document }: FoundSession,
  change: Partial<SessionDocument> & Pick<SessionDocument, 'changedAt'>,
): Promise<SessionDocument | undefined> {
  const { expiring, ...unmarked } = document;
  const { sessionId, revision } = document;
  const changed = { ...unmarked, ...change, revision: revision + 1 };
  return (await writer.replaceSession({ sessionId, revision }, changed)) ? changed : undefined;
}

/**
 * Replaces a session by its tombstone. Returns undefined if the session has changed meanwhile.
 *
 * @param condition further values that the document must still have
 */
export async function writeTombstone(
  { db, sessions }: Database,
  { _id, sessionId, revision }: Pick<SessionDocument, '_id' | 'sessionId' | 'revision'>,
  condition: Pick<SessionDocument, 'expiring'> = {},
): Promise<true | undefined> {
  const deletedAt = new Date();
  const tombstone = { _id, sessionId, deletedAt, uncleared: deletedAt };
  const collection = db.collection(sessions.collectionName);
  const { matchedCount } = await collection.replaceOne(
    { sessionId, revision, ...condition },
    tombstone,
    WRITE,
  );
  return matchedCount === 1 ? true : undefined;
}
