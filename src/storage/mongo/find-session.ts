import type { Database } from './connection';
import type { SessionDocument } from './schemas';

/** How long a look at the store may take, in milliseconds. */
const FIND_MS = 4000;

/**
 * The session's document; null where there is none for certain. What a new primary sees of the
 * majority may lag for a moment, so a miss is confirmed by a linearizable read: told that a
 * session is not there, a client gives its events up.
 */
export async function findSessionDocument(
  { sessions, replicated }: Database,
  sessionId: string,
): Promise<SessionDocument | null> {
  const found = await sessions.findOne({ sessionId }).maxTimeMS(FIND_MS).lean();
  if (found !== null || !replicated) return found;
  return sessions.findOne({ sessionId }).readConcern('linearizable').maxTimeMS(FIND_MS).lean();
}
