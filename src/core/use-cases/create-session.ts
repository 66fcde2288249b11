import type { JsonObject } from '../struct/json';
import { checkLanguage } from '../validation/language';
import { LIMITS } from '../limits';
import type { RequestContext } from '../request-context';
import type { CreatedSession, SessionStore } from '../store';
import { checkStruct } from '../validation/check-struct';
import type { StructBytes } from '../struct/struct-bytes';
import { checkId } from '../validation/text';
import { Violations } from '../validation/violations';

export interface CreateSessionRequest {
  readonly sessionId: string;
  readonly language: string;
  /** Undefined: `initiated`. */
  readonly status: string | undefined;
  /** Undefined: `{}`. */
  readonly metadata: StructBytes | JsonObject | undefined;
}

/** Creates a session, or returns the existing one with this ID unchanged. @param violations found in the request so far */
export async function createSession(
  sessions: SessionStore,
  request: CreateSessionRequest,
  context: RequestContext,
  violations = new Violations(),
): Promise<CreatedSession> {
  const { sessionId, language, status = 'initiated' } = request;
  checkId(violations, 'session_id', sessionId);
  checkLanguage(violations, 'language', language);
  const known = status === 'initiated' || status === 'active';
  if (!known) violations.add('status', 'must be initiated, active or unset (initiated)');
  const metadata = checkStruct(violations, 'metadata', request.metadata, LIMITS.metadataBytes);
  violations.throwIfAny();
  return sessions.create(
    { sessionId, language, status: status === 'active' ? 'active' : 'initiated', metadata },
    context,
  );
}
