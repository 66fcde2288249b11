import type { Session } from '../../core/session';
import type { SessionQuery } from '../../core/session-repository';
import type { Database } from './connection';
import { toSession } from './documents';
import { type SessionWithEnd, withEnd } from './find-session';
import { ASK_MS } from './time-limit';

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
  const rows = await sessions
    .aggregate<SessionWithEnd>(
      [
        { $match: { ...filters, ...range } },
        { $sort: { startedAt: -1, sessionId: 1 } },
        { $limit: limit },
        withEnd(events.collectionName),
      ],
      { maxTimeMS: ASK_MS },
    )
    .toArray();
  return rows.map(({ last, ...document }) => toSession(document, last[0]));
}
