import type { Session } from '../../../core/session';
import type { SessionQuery } from '../../../core/store';
import type { Database } from '../connection';
import { toSession } from '../documents/session-document';
import { type SessionWithLogHead, withLogHead } from './session-finder';
import { QUERY_TIMEOUT_MS } from '../query-timeout';

const NEWEST_FIRST = { startedAt: -1, sessionId: 1 } as const;

/** Lists sessions, newest first, those of one start by their ids: each list in the order of an index. */
export async function listSessions(database: Database, query: SessionQuery): Promise<Session[]> {
  const { startedAfter = new Date(0), startedBefore, after, limit } = query;
  const isBefore = startedBefore === undefined ? {} : { $lt: startedBefore };
  if (after === undefined)
    return read(database, query, { startedAt: { $gte: startedAfter, ...isBefore } }, limit);
  // Those of the start at which the page before ended, and then the older ones: either is a range of the index.
  const { startedAt, sessionId } = after;
  const same = await read(database, query, { startedAt, sessionId: { $gt: sessionId } }, limit);
  if (same.length === limit) return same;
  const older = { startedAt: { $gte: startedAfter, $lt: startedAt } };
  return [...same, ...(await read(database, query, older, limit - same.length))];
}

async function read(
  { sessions, events }: Database,
  { status, language }: SessionQuery,
  range: object,
  limit: number,
): Promise<Session[]> {
  const filters = {
    ...(language === undefined ? {} : { language }),
    ...(status === undefined ? {} : { status }),
  };
  // Told, since the database goes on with the index that was best for other values of the filters.
  const hint = {
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
      // With room for one more than there are, one question is enough.
      { maxTimeMS: QUERY_TIMEOUT_MS, batchSize: limit + 1, hint },
    )
    .toArray();
  return rows.map(({ last, ...document }) => toSession(document, last[0]));
}
