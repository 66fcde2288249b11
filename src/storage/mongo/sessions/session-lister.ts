import type { mongo } from 'mongoose';
import { type Session, sessionSize } from '../../../core/session';
import type { SessionQuery } from '../../../core/store';
import type { StoreObserver } from '../../../core/store-observer';
import { UnreadableRowError } from '../../../core/unreadable-row';
import type { MongoConnection } from '../connection';
import { toSession } from '../documents/session-document';
import { readSessionRow, toFoundSession, withLogHead } from './session-finder';
import { RAW_AGGREGATION } from '../driver-internals';
import { QUERY_TIMEOUT_MS } from '../query-timeout';

const NEWEST_FIRST = { startedAt: -1, sessionId: 1 } as const;

type UnreadableRowObserver = Pick<StoreObserver, 'unreadableRow'>;

/** The most sessions to read first, before their sizes are known. */
const FIRST_SESSIONS = 51;

/** How many sessions the mean size counts for when others are added. */
const WEIGHT = 100;

/** Lists sessions, newest first and those with the same start by ID, which is the order of the indexes. */
export class SessionLister {
  /** The mean size of the sessions that were read. */
  private mean: number | undefined;

  constructor(
    private readonly connection: MongoConnection,
    private readonly observer: UnreadableRowObserver,
  ) {}

  /** Reads as many sessions at a time as are expected to fit. Leaves out rows that cannot be read. */
  async list(query: SessionQuery): Promise<Session[]> {
    const found: Session[] = [];
    let bytesLeft = query.maximumBytes;
    while (found.length < query.limit && bytesLeft >= 0) {
      const limit = Math.min(query.limit - found.length, this.countIn(bytesLeft));
      const part = await this.readPart({ ...query, after: found.at(-1) ?? query.after, limit });
      found.push(...part);
      bytesLeft -= this.learn(part);
      if (part.length < limit) break;
    }
    return found;
  }

  /** The number of sessions that are expected to be larger than this together. */
  private countIn(bytes: number): number {
    return this.mean === undefined ? FIRST_SESSIONS : Math.floor(bytes / this.mean) + 1;
  }

  /** Returns the size of the sessions. */
  private learn(sessions: readonly Session[]): number {
    const bytes = sessions.reduce((sum, session) => sum + sessionSize(session), 0);
    if (sessions.length > 0)
      this.mean =
        this.mean === undefined
          ? bytes / sessions.length
          : (this.mean * WEIGHT + bytes) / (WEIGHT + sessions.length);
    return bytes;
  }

  private async readPart(query: SessionQuery): Promise<Session[]> {
    const { startedAfter = new Date(0), startedBefore, after, limit } = query;
    const upperBound = startedBefore === undefined ? {} : { $lt: startedBefore };
    const readRange = (range: object, count: number): Promise<Session[]> =>
      read(this.connection, query, range, count, this.observer);
    if (after === undefined) return readRange({ startedAt: { $gte: startedAfter, ...upperBound } }, limit);
    // First the rest with the same start as the last session of the previous part, then older ones: each is one index range.
    const { startedAt, sessionId } = after;
    const sameStart = await readRange({ startedAt, sessionId: { $gt: sessionId } }, limit);
    if (sameStart.length === limit) return sameStart;
    const older = { startedAt: { $gte: startedAfter, $lt: startedAt } };
    return [...sameStart, ...(await readRange(older, limit - sameStart.length))];
  }
}

/** Returns the first sessions of the range that can be read. */
async function read(
  { database: { sessions, events }, integrity }: MongoConnection,
  { status, language }: SessionQuery,
  range: object,
  limit: number,
  observer: UnreadableRowObserver,
): Promise<Session[]> {
  const filters = {
    ...(language === undefined ? {} : { language }),
    ...(status === undefined ? {} : { status }),
  };
  // A hint, since the database may keep the index that was best for other filter values.
  const index = {
    ...(language === undefined ? {} : ({ language: 1 } as const)),
    ...(status === undefined ? {} : ({ status: 1 } as const)),
    ...NEWEST_FIRST,
  };
  const find = (...limits: mongo.Document[]): mongo.AggregationCursor<Buffer> =>
    sessions.aggregate<Buffer>(
      [
        { $match: { ...filters, ...range } },
        { $sort: NEWEST_FIRST },
        ...limits,
        withLogHead(events.collectionName),
      ],
      // With room for one more document the first batch is known to be complete, without a second request.
      { maxTimeMS: QUERY_TIMEOUT_MS, batchSize: limit + 1, ...RAW_AGGREGATION, ...integrity.hint(index) },
    );
  const page = (await find({ $limit: limit }).toArray()).map(decode);
  if (page.length < limit || !page.some((row) => row instanceof UnreadableRowError))
    return page.filter((row) => isReadable(row, observer));
  // Reads on past the rows that cannot be read: only the end of the range makes a page shorter.
  const readable: Session[] = [];
  for await (const row of find().map(decode)) {
    if (isReadable(row, observer)) readable.push(row);
    if (readable.length === limit) break;
  }
  return readable;
}

function decode(row: Buffer): Session | UnreadableRowError {
  try {
    const { document, last } = toFoundSession(readSessionRow(row));
    return toSession(document, last);
  } catch (error) {
    if (error instanceof UnreadableRowError) return error;
    throw error;
  }
}

/** Reports a row that cannot be read. */
function isReadable(row: Session | UnreadableRowError, observer: UnreadableRowObserver): row is Session {
  if (!(row instanceof UnreadableRowError)) return true;
  observer.unreadableRow(row);
  return false;
}
