import { Types } from 'mongoose';
import { sessionDeleted, sessionNotFound } from '../../../core/errors';
import type { RequestContext } from '../../../core/request-context';
import type { NewSession, Session, SessionChange, SessionEnd } from '../../../core/session';
import type { CompletedSession, CreatedSession } from '../../../core/store';
import { type Database, DURABLE, type MongoConnection } from '../connection';
import { newSessionDocument, toSession } from '../documents/session-document';
import { isDuplicateKey } from '../errors';
import { type FoundSession, type SessionFinder } from './session-finder';
import { BY_SESSION, type SessionDocument } from '../documents/schema';
import { retryUntilKnown } from '../retry';
import { QUERY_TIMEOUT_MS } from '../query-timeout';

const WRITE = { maxTimeMS: QUERY_TIMEOUT_MS, writeConcern: DURABLE } as const;

/**
 * What is written to sessions themselves. A change replaces the row that it was decided on, told
 * by its revision, or is decided anew: so changes come one after the other, and the change
 * stream tells of each with the session's id.
 */
export class SessionWriter {
  constructor(
    private readonly connection: MongoConnection,
    private readonly sessions: SessionFinder,
  ) {}

  create(session: NewSession, context: RequestContext): Promise<CreatedSession> {
    const document = newSessionDocument(session);
    return retryUntilKnown(this.connection, context, async (database) => {
      try {
        await database.sessions.insertOne(document, WRITE);
        return { session: toSession(document, undefined), created: true };
      } catch (error) {
        if (!isDuplicateKey(error)) throw error;
      }
      const found = await this.sessions.find(session.sessionId);
      if (found !== undefined) {
        const created = found.document._id.equals(document._id);
        return { session: toSession(found.document, found.last), created };
      }
      if (await isDeleted(database, session.sessionId)) throw sessionDeleted(session.sessionId);
      // Whoever was first may not be on a majority yet: only then is it told.
      return undefined;
    });
  }

  complete(sessionId: string, end: SessionEnd, context: RequestContext): Promise<CompletedSession> {
    // By it this call knows its own write, where it did not learn that it came through.
    const endId = new Types.ObjectId();
    return retryUntilKnown(this.connection, context, async (database) => {
      const found = await this.get(sessionId);
      const { document, last } = found;
      if (document.endedAt !== null) {
        const alreadyCompleted = document.endId?.equals(endId) !== true;
        return { session: toSession(document, last), alreadyCompleted };
      }
      const endedAt = new Date(Math.max(Date.now(), document.startedAt.getTime()));
      const ended = await replace(database, found, { ...end, endedAt, endId });
      return ended && { session: toSession(ended, last), alreadyCompleted: false };
    });
  }

  update(
    sessionId: string,
    change: (session: Session) => SessionChange,
    context: RequestContext,
  ): Promise<Session> {
    return retryUntilKnown(this.connection, context, async (database) => {
      const found = await this.get(sessionId);
      const session = toSession(found.document, found.last);
      const { status, language, metadata } = change(session);
      const same =
        status === session.status && language === session.language && metadata.equals(session.metadata);
      if (same) return session;
      const changed = await replace(database, found, { status, language, metadata: metadata.bytes });
      return changed && toSession(changed, found.last);
    });
  }

  /** Puts a tombstone in the session's place; see clear-deleted.ts for its events. */
  delete(sessionId: string, context: RequestContext): Promise<true> {
    return retryUntilKnown(this.connection, context, async (database) => {
      const found = await this.sessions.find(sessionId);
      if (found !== undefined) return writeTombstone(database, found.document);
      if (await isDeleted(database, sessionId)) return true;
      throw sessionNotFound(sessionId);
    });
  }

  private async get(sessionId: string): Promise<FoundSession> {
    const found = await this.sessions.find(sessionId);
    if (found === undefined) throw sessionNotFound(sessionId);
    return found;
  }
}

/** Undefined where the session has changed meanwhile. */
async function replace(
  { sessions }: Database,
  { document }: FoundSession,
  change: Partial<SessionDocument>,
): Promise<SessionDocument | undefined> {
  const { sessionId, revision } = document;
  const changed = { ...document, ...change, revision: revision + 1 };
  const { matchedCount } = await sessions.replaceOne({ sessionId, revision }, changed, WRITE);
  return matchedCount === 1 ? changed : undefined;
}

/** Undefined where the session has changed meanwhile. */
export async function writeTombstone(
  { db, sessions }: Database,
  { _id, sessionId, revision }: SessionDocument,
): Promise<true | undefined> {
  const deletedAt = new Date();
  const tombstone = { _id, sessionId, deletedAt, uncleared: deletedAt };
  const rows = db.collection(sessions.collectionName);
  const { matchedCount } = await rows.replaceOne({ sessionId, revision }, tombstone, WRITE);
  return matchedCount === 1 ? true : undefined;
}

async function isDeleted({ tombstones }: Database, sessionId: string): Promise<boolean> {
  const filter = { sessionId, deletedAt: { $type: 'date' } } as const;
  return (await tombstones.findOne(filter, { hint: BY_SESSION, maxTimeMS: QUERY_TIMEOUT_MS })) !== null;
}
