import type { Database } from './connection';
import type { SessionDocument } from './schemas';
import { ASK_MS } from './time-limit';

/**
 * The session's document; null where there is none for certain. What a new primary sees of the
 * majority may lag for a moment, so a miss is confirmed by a linearizable read: told that a
 * session is not there, a client gives its events up.
 */
export async function findSessionDocument(
  { sessions, replicated }: Database,
  sessionId: string,
): Promise<SessionDocument | null> {
  const found = await sessions.findOne({ sessionId }, { maxTimeMS: ASK_MS });
  if (found !== null || !replicated) return found;
  return sessions.findOne({ sessionId }, { readConcern: 'linearizable', maxTimeMS: ASK_MS });
}
