import type { mongo } from 'mongoose';
import { type Session, sessionSize, sessionsSize } from '../../../core/session';
import type { SessionQuery } from '../../../core/store';
import type { StoreObserver } from '../../../core/store-observer';
import { UnreadableRowError } from '../../../core/unreadable-row';
import type { MongoConnection } from '../connection';
import { toSession } from '../documents/session-document';
import { readSessionRow, toFoundSession, withLogHead } from './session-finder';
import { RAW_AGGREGATION } from '../driver-internals';
import { QUERY_TIMEOUT_MS } from '../query-timeout';

const NEWEST_FIRST = { startedAt: -1, sessionId: 1 } as const;

type Limits = Pick<SessionQuery, 'limit' | 'maximumBytes'>;
type UnreadableRowObserver = Pick<StoreObserver, 'unreadableRow'>;

/** The most sessions to read first: their sizes say how many to read next. */
const FIRST_SESSIONS = 51;

/** How many times as many sessions the next part may have as those before it together. */
const MAX_GROWTH = 4;

/** Lists sessions, newest first and those with the same start by ID, which is the order of the indexes. */
export class SessionLister {
  /** The mean size of the sessions of the last list. */
  private lastMean = 1;

  constructor(
    private readonly connection: MongoConnection,
    private readonly observer: UnreadableRowObserver,
  ) {}

  /** Reads as many sessions at a time as are expected to fit. Leaves out rows that cannot be read. */
  async list(query: SessionQuery): Promise<Session[]> {
    const found: Session[] = [];
    let bytes = 0;
    let count = Math.min(FIRST_SESSIONS, Math.ceil(query.maximumBytes / this.lastMean));
    while (found.length < query.limit && bytes <= query.maximumBytes) {
      const limit = Math.min(query.limit - found.length, count);
      const maximumBytes = query.maximumBytes - bytes;
      const after = found.at(-1) ?? query.after;
      const part = await this.readPart({ ...query, after, limit, maximumBytes });
      bytes += sessionsSize(part);
      found.push(...part);
      if (part.length < limit) break;
      this.lastMean = bytes / found.length;
      const fitting = Math.floor((query.maximumBytes - bytes) / this.lastMean) + 1;
      count = Math.min(fitting, MAX_GROWTH * found.length);
    }
    return found;
  }

  private async readPart(query: SessionQuery): Promise<Session[]> {
    const { startedAfter = new Date(0), startedBefore, after, limit } = query;
    const upperBound = startedBefore === undefined ? {} : { $lt: startedBefore };
    const readRange = (range: object, limits: Limits): Promise<Session[]> =>
      read(this.connection, query, range, limits, this.observer);
    if (after === undefined) return readRange({ startedAt: { $gte: startedAfter, ...upperBound } }, query);
    // First the rest with the same start as the last session of the previous part, then older ones: each is one index range.
    const { startedAt, sessionId } = after;
    const sameStart = await readRange({ startedAt, sessionId: { $gt: sessionId } }, query);
    const maximumBytes = query.maximumBytes - sessionsSize(sameStart);
    if (sameStart.length === limit || maximumBytes < 0) return sameStart;
    const older = { startedAt: { $gte: startedAfter, $lt: startedAt } };
    const rest = await readRange(older, { limit: limit - sameStart.length, maximumBytes });
    return [...sameStart, ...rest];
  }
}

/** Returns the first sessions of the range that can be read, up to its limits. */
async function read(
  { database: { sessions, events }, integrity }: MongoConnection,
  { status, language }: SessionQuery,
  range: object,
  { limit, maximumBytes }: Limits,
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
  const page = await take(find({ $limit: limit }), { limit, maximumBytes });
  const isComplete = page.length < limit || !page.some((row) => row instanceof UnreadableRowError);
  // Reads on past the rows that cannot be read: only the end of the range, or its size, makes a page shorter.
  const rows = isComplete ? page : await take(find(), { limit, maximumBytes });
  return rows.filter((row) => isReadable(row, observer));
}

/** Takes rows until `limit` of them can be read, or these are larger than `maximumBytes`. */
async function take(
  rows: AsyncIterable<Buffer>,
  { limit, maximumBytes }: Limits,
): Promise<(Session | UnreadableRowError)[]> {
  const taken: (Session | UnreadableRowError)[] = [];
  let readable = 0;
  let bytes = 0;
  for await (const row of rows) {
    const decoded = decode(row);
    taken.push(decoded);
    if (decoded instanceof UnreadableRowError) continue;
    readable += 1;
    bytes += sessionSize(decoded);
    if (readable === limit || bytes > maximumBytes) break;
  }
  return taken;
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
