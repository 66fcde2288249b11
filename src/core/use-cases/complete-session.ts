import type { RequestContext } from '../request-context';
import type { CompletedSession, SessionRepository } from '../session-repository';
import { checkEndReason, checkId } from '../text';
import { Violations } from '../violations';

export interface CompleteSessionRequest {
  readonly sessionId: string;
  /** Undefined: `completed`. */
  readonly status: string | undefined;
  readonly endReason: string;
}

/** Ends a session; the first end wins. */
export async function completeSession(
  repository: SessionRepository,
  request: CompleteSessionRequest,
  context: RequestContext,
): Promise<CompletedSession> {
  const violations = new Violations();
  const { sessionId, status = 'completed', endReason } = request;
  checkId(violations, 'session_id', sessionId);
  const known = status === 'completed' || status === 'failed';
  if (!known) violations.add('status', 'must be completed or failed, or be left out for completed');
  checkEndReason(violations, 'end_reason', endReason);
  violations.throwIfAny();
  return repository.completeSession(
    sessionId,
    { status: status === 'failed' ? 'failed' : 'completed', endReason },
    context,
  );
}
