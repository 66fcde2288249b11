import type { RequestContext } from '../request-context';
import type { SessionStore } from '../store';
import { checkId } from '../validation/text';
import { Violations } from '../validation/violations';

/** Deletes a session and all of its events. */
export async function deleteSession(
  sessions: SessionStore,
  { sessionId }: { readonly sessionId: string },
  context: RequestContext,
): Promise<void> {
  const violations = new Violations();
  checkId(violations, 'session_id', sessionId);
  violations.throwIfAny();
  await sessions.delete(sessionId, context);
}
