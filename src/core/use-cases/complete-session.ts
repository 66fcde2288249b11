import type { RequestContext } from '../request-context';
import type { CompletedSession, SessionStore } from '../store';
import { checkEndReason, checkId } from '../validation/text';
import { Violations } from '../validation/violations';

export interface CompleteSessionRequest {
  readonly sessionId: string;
  /** Undefined: `completed`. */
  readonly status: string | undefined;
  readonly endReason: string;
}

/** Ends a session. Only the first call has an effect. @param violations found in the request so far */
export async function completeSession(
  sessions: SessionStore,
  request: CompleteSessionRequest,
  context: RequestContext,
  violations = new Violations(),
): Promise<CompletedSession> {
  const { sessionId, status = 'completed', endReason } = request;
  checkId(violations, 'session_id', sessionId);
  const known = status === 'completed' || status === 'failed';
  if (!known) violations.add('status', 'must be completed, failed or unset (completed)');
  checkEndReason(violations, 'end_reason', endReason);
  violations.throwIfAny();
  return sessions.complete(
    sessionId,
    { status: status === 'failed' ? 'failed' : 'completed', endReason },
    context,
  );
}
