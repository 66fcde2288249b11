import type { mongo } from 'mongoose';
import { type Session, sessionSize } from '../../../core/session';
import type { SessionQuery } from '../../../core/store';
import type { StoreObserver } from '../../../core/store-observer';
import { UnreadableRowError } from '../../../core/unreadable-row';
import type { MongoConnection } from '../connection';
import { toSession } from '../documents/session-document';
import { type SessionRow, toFoundSession, withLogHead } from './session-finder';
import { QUERY_TIMEOUT_MS } from '../query-timeout';

const NEWEST_FIRST = { startedAt: -1, sessionId: 1 } as const;

type UnreadableRowObserver = Pick<StoreObserver, 'unreadableRow'>;
type ListLimits = Pick<SessionQuery, 'limit' | 'maximumBytes'>;
type DecodedRow = Session | UnreadableRowError;

/**
 * Lists sessions, newest first and those with the same start by ID, which is the order of the
 * indexes. Leaves out rows that cannot be read.
 */
export async function listSessions(
  connection: MongoConnection,
  query: SessionQuery,
  observer: UnreadableRowObserver,
): Promise<Session[]> {
  const { startedAfter = new Date(0), startedBefore, after, limit, maximumBytes } = query;
  const upperBound = startedBefore === undefined ? {} : { $lt: startedBefore };
  const readRange = (range: object, limits: ListLimits): Promise<Session[]> =>
    read(connection, query, range, limits, observer);
  if (after === undefined) return readRange({ startedAt: { $gte: startedAfter, ...upperBound } }, query);
  // First the rest with the same start as the last session of the previous page, then older ones: each is one index range.
  const { startedAt, sessionId } = after;
  const sameStart = await readRange({ startedAt, sessionId: { $gt: sessionId } }, query);
  const bytes = sameStart.reduce((sum, session) => sum + sessionSize(session), 0);
  if (sameStart.length === limit || bytes > maximumBytes) return sameStart;
  const older = { startedAt: { $gte: startedAfter, $lt: startedAt } };
  const rest = { limit: limit - sameStart.length, maximumBytes: maximumBytes - bytes };
  return [...sameStart, ...(await readRange(older, rest))];
}

/** Returns the first sessions of the range that can be read, up to its limits. */
async function read(
  { database: { sessions, events }, integrity }: MongoConnection,
  { status, language }: SessionQuery,
  range: object,
  { limit, maximumBytes }: ListLimits,
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
  const find = (...limits: mongo.Document[]): mongo.AggregationCursor<SessionRow> =>
    sessions.aggregate<SessionRow>(
      [
        { $match: { ...filters, ...range } },
        { $sort: NEWEST_FIRST },
        ...limits,
        withLogHead(events.collectionName),
      ],
      // With room for one more document the first batch is known to be complete, without a second request.
      { maxTimeMS: QUERY_TIMEOUT_MS, batchSize: limit + 1, ...integrity.hint(index) },
    );
  const page = await take(find({ $limit: limit }), limit, maximumBytes);
  const isComplete = page.length < limit || !page.some((row) => row instanceof UnreadableRowError);
  // Reads on past the rows that cannot be read: only the end of the range, or its size, makes a page shorter.
  const rows = isComplete ? page : await take(find(), limit, maximumBytes);
  return rows.filter((row) => isReadable(row, observer));
}

/** Takes rows until `limit` of them can be read, or these are larger than `maximumBytes`. */
async function take(
  rows: AsyncIterable<SessionRow>,
  limit: number,
  maximumBytes: number,
): Promise<DecodedRow[]> {
  const taken: DecodedRow[] = [];
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

function decode(row: SessionRow): DecodedRow {
  try {
    const { document, last } = toFoundSession(row);
    return toSession(document, last);
  } catch (error) {
    if (error instanceof UnreadableRowError) return error;
    throw error;
  }
}

/** Reports a row that cannot be read. */
function isReadable(row: DecodedRow, observer: UnreadableRowObserver): row is Session {
  if (!(row instanceof UnreadableRowError)) return true;
  observer.unreadableRow(row);
  return false;
}
