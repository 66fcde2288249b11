import type { Session } from '../../../core/session';
import type { SessionQuery } from '../../../core/store';
import type { MongoConnection } from '../connection';
import { toSession } from '../documents/session-document';
import { type SessionWithLogHead, withLogHead } from './session-finder';
import { QUERY_TIMEOUT_MS } from '../query-timeout';

const NEWEST_FIRST = { startedAt: -1, sessionId: 1 } as const;

/** Lists sessions, newest first and those with the same start by ID, which is the order of the indexes. */
export async function listSessions(connection: MongoConnection, query: SessionQuery): Promise<Session[]> {
  const { startedAfter = new Date(0), startedBefore, after, limit } = query;
  const upperBound = startedBefore === undefined ? {} : { $lt: startedBefore };
  if (after === undefined)
    return read(connection, query, { startedAt: { $gte: startedAfter, ...upperBound } }, limit);
  // First the rest with the same start as the last session of the previous page, then older ones: each is one index range.
  const { startedAt, sessionId } = after;
  const sameStart = await read(connection, query, { startedAt, sessionId: { $gt: sessionId } }, limit);
  if (sameStart.length === limit) return sameStart;
  const older = { startedAt: { $gte: startedAfter, $lt: startedAt } };
  return [...sameStart, ...(await read(connection, query, older, limit - sameStart.length))];
}

async function read(
  { database: { sessions, events }, integrity }: MongoConnection,
  { status, language }: SessionQuery,
  range: object,
  limit: number,
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
  const rows = await sessions
    .aggregate<SessionWithLogHead>(
      [
        { $match: { ...filters, ...range } },
        { $sort: NEWEST_FIRST },
        { $limit: limit },
        withLogHead(events.collectionName),
      ],
      // With room for one more document the first batch is known to be complete, without a second request.
      { maxTimeMS: QUERY_TIMEOUT_MS, batchSize: limit + 1, ...integrity.hint(index) },
    )
    .toArray();
  return rows.map(({ last, ...document }) => toSession(document, last[0]));
}
