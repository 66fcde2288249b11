import type { RequestContext } from '../request-context';
import type { SessionRepository } from '../store';
import { checkId } from '../validation/text';
import { Violations } from '../validation/violations';

/** Removes a session and all of its events. */
export async function deleteSession(
  repository: SessionRepository,
  { sessionId }: { readonly sessionId: string },
  context: RequestContext,
): Promise<void> {
  const violations = new Violations();
  checkId(violations, 'session_id', sessionId);
  violations.throwIfAny();
  await repository.deleteSession(sessionId, context);
}
