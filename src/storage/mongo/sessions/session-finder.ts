import type { mongo } from 'mongoose';
import type { MongoConnection } from '../connection';
import { Batcher } from '../batcher';
import { BY_SESSION, type EventDocument, type SessionDocument } from '../documents/schema';
import { QUERY_TIMEOUT_MS, withQueryTimeout } from '../query-timeout';

/** The maximum number of sessions in one query. Even with the largest metadata the reply fits into one batch. */
const MAX_BATCH_SESSIONS = 200;

/** A session's document and the head of its log, read by majority at one point in time. */
export interface FoundSession {
  readonly document: SessionDocument;
  /** The last event; undefined if the log is empty. */
  readonly last: Pick<EventDocument, 'sequence' | 'timestamp'> | undefined;
}

/** A session's document with the head of its log, as `withLogHead` returns it. */
export type SessionWithLogHead = SessionDocument & {
  readonly last: readonly NonNullable<FoundSession['last']>[];
};

/** Reads sessions with the heads of their logs. Batches the reads of many callers into one query. */
export class SessionFinder {
  private readonly batcher: Batcher<string, FoundSession | undefined>;

  constructor(private readonly connection: MongoConnection) {
    this.batcher = new Batcher(
      (sessionIds) => withQueryTimeout(this.findAll(sessionIds)),
      () => 1 / MAX_BATCH_SESSIONS,
      (sessionId) => sessionId,
    );
  }

  /**
   * Returns undefined only if the session certainly does not exist. Majority reads on a new primary
   * may lag for a moment, so a miss is confirmed by a linearizable read: on NOT_FOUND a client
   * would give up its events.
   */
  async find(sessionId: string): Promise<FoundSession | undefined> {
    const found = await this.batcher.load(sessionId);
    const { sessions, replicated } = this.connection.database;
    if (found !== undefined || !replicated) return found;
    const options = { readConcern: 'linearizable', maxTimeMS: QUERY_TIMEOUT_MS } as const;
    const exists = (await withQueryTimeout(sessions.findOne(notDeleted({ sessionId }), options))) !== null;
    return exists ? this.batcher.load(sessionId) : undefined;
  }

  private async findAll(sessionIds: readonly string[]): Promise<(FoundSession | undefined)[]> {
    const { database, integrity } = this.connection;
    const { sessions, events } = database;
    const distinct = [...new Set(sessionIds)];
    const rows = await sessions
      .aggregate<SessionWithLogHead>(
        [{ $match: notDeleted({ sessionId: { $in: distinct } }) }, withLogHead(events.collectionName)],
        // With room for one more document the first batch is known to be complete, without a second request.
        { maxTimeMS: QUERY_TIMEOUT_MS, batchSize: distinct.length + 1, ...integrity.hint(BY_SESSION) },
      )
      .toArray();
    const found = new Map(
      rows.map(({ last, ...document }) => [document.sessionId, { document, last: last[0] }]),
    );
    return sessionIds.map((sessionId) => found.get(sessionId));
  }
}

/** Restricts a filter to sessions that are not deleted. */
export function notDeleted<Filter extends object>(filter: Filter): Filter & { deletedAt: null } {
  return { ...filter, deletedAt: null };
}

/** The aggregation stage that adds the head of each session's log, by one index lookup per session. */
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
