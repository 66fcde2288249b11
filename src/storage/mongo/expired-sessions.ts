import { expiryOf } from '../../core/session';
import { bury } from './session-changes';
import type { MongoConnection } from './connection';
import { toSession } from './documents';
import type { SessionFinder } from './find-session';
import { ASK_MS } from './time-limit';

/** Sessions that are looked at in one question. */
const PAGE = 200;

/** Deletes the sessions that have expired by this retention, and returns their ids. */
export async function deleteExpired(
  connection: MongoConnection,
  finder: SessionFinder,
  retentionMs: number,
): Promise<string[]> {
  const deleted: string[] = [];
  const before = new Date(Date.now() - retentionMs);
  for (const ended of [true, false]) {
    let from = new Date(0);
    for (;;) {
      const time = { $gte: from, $lte: before };
      const filter = ended ? { endedAt: time } : { endedAt: null, startedAt: time };
      const sort = ended ? ({ endedAt: 1 } as const) : ({ startedAt: 1 } as const);
      const rows = await connection.database.sessions
        .find(filter, {
          sort,
          limit: PAGE,
          projection: { sessionId: 1, endedAt: 1, startedAt: 1 },
          maxTimeMS: ASK_MS,
        })
        .toArray();
      for (const { sessionId } of rows) {
        if (await deleteIfExpired(connection, finder, sessionId, retentionMs)) deleted.push(sessionId);
      }
      const last = rows.at(-1);
      const next = ended ? last?.endedAt : last?.startedAt;
      if (rows.length < PAGE || next == null || next <= from) break;
      from = next;
    }
  }
  return deleted;
}

/** It is read anew: another server may have deleted it, or an event may have come. */
async function deleteIfExpired(
  { database }: MongoConnection,
  finder: SessionFinder,
  sessionId: string,
  retentionMs: number,
): Promise<boolean> {
  const found = await finder.find(sessionId);
  if (found === undefined) return false;
  const expiry = expiryOf(toSession(found.document, found.last), retentionMs);
  if (expiry === undefined || expiry.getTime() > Date.now()) return false;
  return (await bury(database, found.document)) === true;
}
