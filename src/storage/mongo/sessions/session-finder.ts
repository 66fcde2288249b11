import type { mongo } from 'mongoose';
import type { MongoConnection } from '../connection';
import { Batcher } from '../batcher';
import { BY_SESSION, type EventDocument, type SessionDocument } from '../documents/schema';
import { QUERY_TIMEOUT_MS, withQueryTimeout } from '../query-timeout';

/** Sessions in one question at most: with the largest metadata, the reply is one batch still. */
const GROUP_SESSIONS = 200;

/** A session's row and the end of its log, as they are together on a majority. */
export interface FoundSession {
  readonly document: SessionDocument;
  /** The last event's place; undefined where the log is empty. */
  readonly last: Pick<EventDocument, 'sequence' | 'timestamp'> | undefined;
}

/** A session's row with the end of its log, as `withEnd` reads it. */
export type SessionWithLogHead = SessionDocument & {
  readonly last: readonly NonNullable<FoundSession['last']>[];
};

/** Reads sessions with the ends of their logs, those of many callers in one question. */
export class SessionFinder {
  private readonly found: Batcher<string, FoundSession | undefined>;

  constructor(private readonly connection: MongoConnection) {
    this.found = new Batcher(
      (sessionIds) => withQueryTimeout(this.findAll(sessionIds)),
      () => 1 / GROUP_SESSIONS,
      (sessionId) => sessionId,
    );
  }

  /**
   * Undefined where there is none for certain. What a new primary sees of the majority may lag
   * for a moment, so a miss is confirmed by a linearizable read: told that a session is not
   * there, a client gives its events up.
   */
  async find(sessionId: string): Promise<FoundSession | undefined> {
    const found = await this.found.load(sessionId);
    const { sessions, replicated } = this.connection.database;
    if (found !== undefined || !replicated) return found;
    const options = { readConcern: 'linearizable', maxTimeMS: QUERY_TIMEOUT_MS } as const;
    const isThere = (await withQueryTimeout(sessions.findOne(notDeleted({ sessionId }), options))) !== null;
    return isThere ? this.found.load(sessionId) : undefined;
  }

  private async findAll(sessionIds: readonly string[]): Promise<(FoundSession | undefined)[]> {
    const { sessions, events } = this.connection.database;
    const asked = [...new Set(sessionIds)];
    const rows = await sessions
      .aggregate<SessionWithLogHead>(
        [{ $match: notDeleted({ sessionId: { $in: asked } }) }, withLogHead(events.collectionName)],
        // With room for one more the database says at once that these are all: no second question for the end.
        { maxTimeMS: QUERY_TIMEOUT_MS, batchSize: asked.length + 1, hint: BY_SESSION },
      )
      .toArray();
    const found = new Map(
      rows.map(({ last, ...document }) => [document.sessionId, { document, last: last[0] }]),
    );
    return sessionIds.map((sessionId) => found.get(sessionId));
  }
}

/** Of the rows that a filter is about, those whose session is not deleted. */
export function notDeleted<Filter extends object>(filter: Filter): Filter & { deletedAt: null } {
  return { ...filter, deletedAt: null };
}

/** The stage of an aggregate that reads the end of each session's log: one look-up of an index for each. */
export function withLogHead(events: string): mongo.Document {
  const last = [
    { $sort: { sequence: -1 } },
    { $limit: 1 },
    { $project: { _id: 0, sequence: 1, timestamp: 1 } },
  ];
  return {
    $lookup: { from: events, localField: 'sessionId', foreignField: 'sessionId', pipeline: last, as: 'last' },
  };
}
