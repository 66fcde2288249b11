import { mongo } from 'mongoose';
import type { MongoConnection } from '../connection';
import { Batcher } from '../batcher';
import { textsOf, type Unchecked } from '../documents/check-row';
import { type LogEnd, toLogEnd } from '../documents/event-document';
import { BY_SESSION, type SessionDocument } from '../documents/schema';
import {
  checkOutline,
  checkSession,
  readSessionFields,
  type SessionOutline,
  TO_OUTLINE,
} from '../documents/session-document';
import { RAW_AGGREGATION } from '../driver-internals';
import { QUERY_TIMEOUT_MS, withQueryTimeout } from '../query-timeout';

/** The maximum number of sessions in one query, with metadata and without. With much metadata, the reply has several batches. */
const MAX_BATCH_SESSIONS = 64;
const MAX_BATCH_OUTLINES = 1000;

/** A session's document and the head of its log, read by majority at one point in time. */
interface Found<Document> {
  readonly document: Document;
  /** The last event; undefined if the log is empty. */
  readonly last: LogEnd | undefined;
}

export type FoundSession = Found<SessionDocument>;
export type FoundOutline = Found<SessionOutline>;

/** A row of the sessions with the head of its log, as `withLogHead` returns it. */
export type SessionRow = Unchecked<SessionDocument> & { readonly last: readonly Unchecked<LogEnd>[] };

/** Reads sessions with the heads of their logs. Batches the reads of many callers into one query. */
export class SessionFinder {
  private readonly whole = this.batcher(MAX_BATCH_SESSIONS, 'majority', []);
  private readonly latest = this.batcher(MAX_BATCH_SESSIONS, 'local', []);
  private readonly outlines = this.batcher(MAX_BATCH_OUTLINES, 'majority', [TO_OUTLINE]);

  constructor(private readonly connection: MongoConnection) {}

  /**
   * Returns undefined only if the session certainly does not exist. Majority reads on a new primary
   * may lag for a moment, so a miss is confirmed by a linearizable read: on NOT_FOUND a client
   * would give up its events.
   *
   * @throws UnreadableRowError
   */
  async find(sessionId: string): Promise<FoundSession | undefined> {
    const row = await this.findRow(this.whole, sessionId);
    return row && toFoundSession(row);
  }

  /**
   * Returns the session and the head of its log as the primary has them: with every acknowledged event,
   * which the majority reads of a new primary may lack for a moment. What it returns may be rolled back,
   * unless a majority confirms a write to this revision of the session. Undefined proves nothing.
   *
   * @throws UnreadableRowError
   */
  async findLatest(sessionId: string): Promise<FoundSession | undefined> {
    const row = await this.latest.load(sessionId);
    return row === undefined || isTombstone(row) ? undefined : toFoundSession(row);
  }

  /** Like `find`, without the metadata, of which only the BSON type is checked. */
  async findOutline(sessionId: string): Promise<FoundOutline | undefined> {
    const row = await this.findRow(this.outlines, sessionId);
    if (row === undefined) return undefined;
    const { last, ...outline } = row;
    const document = checkOutline(outline);
    return { document, last: logEndOf(document, last) };
  }

  private batcher(
    maximum: number,
    readConcern: 'majority' | 'local',
    stages: readonly mongo.Document[],
  ): Batcher<string, SessionRow | undefined> {
    return new Batcher(
      (sessionIds) => withQueryTimeout(this.findAll(sessionIds, readConcern, stages)),
      () => 1 / maximum,
      (sessionId) => sessionId,
    );
  }

  /** Returns undefined for a tombstone, too. */
  private async findRow(
    rows: Batcher<string, SessionRow | undefined>,
    sessionId: string,
  ): Promise<SessionRow | undefined> {
    const row = (await rows.load(sessionId)) ?? (await this.findAfterMiss(rows, sessionId));
    return row === undefined || isTombstone(row) ? undefined : row;
  }

  private async findAfterMiss(
    rows: Batcher<string, SessionRow | undefined>,
    sessionId: string,
  ): Promise<SessionRow | undefined> {
    const { database, integrity, confirmedReads } = this.connection;
    if (!database.replicated) return undefined;
    const row = await confirmedReads.run((options) =>
      database.sessions.findOne(
        { sessionId },
        { ...integrity.hint(BY_SESSION), projection: { _id: 1 }, ...options },
      ),
    );
    return row === null ? undefined : rows.load(sessionId);
  }

  /** @param stages change the documents */
  private async findAll(
    sessionIds: readonly string[],
    readConcern: 'majority' | 'local',
    stages: readonly mongo.Document[],
  ): Promise<(SessionRow | undefined)[]> {
    const { database, integrity } = this.connection;
    const { sessions, events } = database;
    const distinct = [...new Set(sessionIds)];
    const rows = await sessions
      .aggregate<Buffer>(
        [{ $match: { sessionId: { $in: distinct } } }, ...stages, withLogHead(events.collectionName)],
        // With room for one more document the first batch is known to be complete, without a second request.
        {
          ...{ maxTimeMS: QUERY_TIMEOUT_MS, batchSize: distinct.length + 1, readConcern },
          ...RAW_AGGREGATION,
          ...integrity.hint(BY_SESSION),
        },
      )
      .toArray();
    const found = new Map<string, SessionRow>();
    for (const row of rows.map(readSessionRow)) for (const id of textsOf(row.sessionId)) found.set(id, row);
    return sessionIds.map((sessionId) => found.get(sessionId));
  }
}

function isTombstone({ deletedAt }: SessionRow): boolean {
  return deletedAt instanceof Date;
}

/** Reads a row from its BSON. */
export function readSessionRow(bytes: Buffer): SessionRow {
  const { last, ...fields } = readSessionFields(bytes);
  const ends = Array.isArray(last) ? last.filter((end) => Buffer.isBuffer(end)) : [];
  return { ...fields, last: ends.map((end) => mongo.BSON.deserialize(end)) };
}

/** @throws UnreadableRowError */
export function toFoundSession({ last, ...row }: SessionRow): FoundSession {
  const document = checkSession(row);
  return { document, last: logEndOf(document, last) };
}

function logEndOf(
  { sessionId }: Pick<SessionDocument, 'sessionId'>,
  [last]: SessionRow['last'],
): LogEnd | undefined {
  return last && toLogEnd(sessionId, last);
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
