import { expiryOf, SESSION_STATUSES } from '../../../core/session';
import { UnreadableRowError } from '../../../core/unreadable-row';
import { writeTombstone } from './session-writer';
import type { MongoConnection } from '../connection';
import { toSession } from '../documents/session-document';
import type { SessionFinder } from './session-finder';
import { BY_CHANGE, type SessionDocument } from '../documents/schema';

/** Sessions checked and deleted concurrently: enough to keep up with new sessions, and to leave them capacity. */
const CONCURRENCY = 16;

/** Deletes the sessions that are expired under this retention. Returns their IDs. @param signal stops it early */
export async function deleteExpired(
  connection: MongoConnection,
  finder: SessionFinder,
  retentionMs: number,
  signal: AbortSignal,
): Promise<string[]> {
  const deleted: string[] = [];
  const changedAt = { $lte: new Date(Date.now() - retentionMs) };
  for (const status of SESSION_STATUSES) {
    const rows = connection.database.sessions.find(
      { status, changedAt },
      { sort: BY_CHANGE, hint: BY_CHANGE, projection: { sessionId: 1 } },
    );
    for await (const sessionIds of groups(rows)) {
      if (signal.aborted) return deleted;
      const deletions = sessionIds.map(async (sessionId) => {
        try {
          if (await deleteIfExpired(connection, finder, sessionId, retentionMs)) deleted.push(sessionId);
        } catch (error) {
          // A session that cannot be read stays; it does not keep the others from expiring.
          if (!(error instanceof UnreadableRowError)) throw error;
        }
      });
      await Promise.all(deletions);
    }
  }
  return deleted;
}

async function* groups(rows: AsyncIterable<Pick<SessionDocument, 'sessionId'>>): AsyncGenerator<string[]> {
  let group: string[] = [];
  for await (const { sessionId } of rows) {
    group.push(sessionId);
    if (group.length < CONCURRENCY) continue;
    yield group;
    group = [];
  }
  yield group;
}

/** Reads the session again first: another server may have deleted it, or it may have a new event. */
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
  return (await writeTombstone(database, found.document)) === true;
}
