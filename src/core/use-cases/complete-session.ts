import type { RequestContext } from '../request-context';
import type { CompletedSession, SessionRepository } from '../store';
import { checkEndReason, checkId } from '../validation/text';
import { Violations } from '../validation/violations';

export interface CompleteSessionRequest {
  readonly sessionId: string;
  /** Undefined: `completed`. */
  readonly status: string | undefined;
  readonly endReason: string;
}

/** Ends a session; the first end wins. @param violations what is wrong with the request already */
export async function completeSession(
  repository: SessionRepository,
  request: CompleteSessionRequest,
  context: RequestContext,
  violations = new Violations(),
): Promise<CompletedSession> {
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
