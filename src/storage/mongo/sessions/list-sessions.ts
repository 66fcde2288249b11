import type { mongo } from 'mongoose';
import type { Session } from '../../../core/session';
import type { SessionQuery } from '../../../core/store';
import type { StoreObserver } from '../../../core/store-observer';
import { UnreadableRowError } from '../../../core/unreadable-row';
import type { MongoConnection } from '../connection';
import { toSession } from '../documents/session-document';
import { type SessionRow, toFoundSession, withLogHead } from './session-finder';
import { QUERY_TIMEOUT_MS } from '../query-timeout';

const NEWEST_FIRST = { startedAt: -1, sessionId: 1 } as const;

type UnreadableRowObserver = Pick<StoreObserver, 'unreadableRow'>;

/**
 * Lists sessions, newest first and those with the same start by ID, which is the order of the
 * indexes. Leaves out rows that cannot be read.
 */
export async function listSessions(
  connection: MongoConnection,
  query: SessionQuery,
  observer: UnreadableRowObserver,
): Promise<Session[]> {
  const { startedAfter = new Date(0), startedBefore, after, limit } = query;
  const upperBound = startedBefore === undefined ? {} : { $lt: startedBefore };
  const readRange = (range: object, count: number): Promise<Session[]> =>
    read(connection, query, range, count, observer);
  if (after === undefined) return readRange({ startedAt: { $gte: startedAfter, ...upperBound } }, limit);
  // First the rest with the same start as the last session of the previous page, then older ones: each is one index range.
  const { startedAt, sessionId } = after;
  const sameStart = await readRange({ startedAt, sessionId: { $gt: sessionId } }, limit);
  if (sameStart.length === limit) return sameStart;
  const older = { startedAt: { $gte: startedAfter, $lt: startedAt } };
  return [...sameStart, ...(await readRange(older, limit - sameStart.length))];
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

function decode(row: SessionRow): Session | UnreadableRowError {
  try {
    const { document, last } = toFoundSession(row);
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
