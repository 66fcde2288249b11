import { isCount, LIMITS } from '../limits';
import type { RequestContext } from '../request-context';
import type { EventStore, SessionPage } from '../store';
import { checkCount } from '../validation/count';
import { checkId } from '../validation/text';
import { Violations } from '../validation/violations';

export interface GetSessionRequest {
  readonly sessionId: string;
  readonly offset: number;
  /** 0: the default. */
  readonly limit: number;
}

export interface GetSessionResult extends SessionPage {
  readonly pagination: {
    readonly offset: number;
    readonly limit: number;
    readonly total: number;
    readonly hasMore: boolean;
  };
}

/**
 * Reads a session and one page of its events. Sequences are dense, so an offset is a sequence and
 * costs the same wherever the page lies.
 *
 * @param violations found in the request so far
 */
export async function getSession(
  events: EventStore,
  request: GetSessionRequest,
  context: RequestContext,
  violations = new Violations(),
): Promise<GetSessionResult> {
  const { sessionId, offset } = request;
  checkId(violations, 'session_id', sessionId);
  checkCount(violations, 'offset', offset);
  if (!isCount(request.limit))
    violations.add('limit', 'must be a whole number, 0 or more (0 means the default)');
  violations.throwIfAny();
  const limit = Math.min(request.limit === 0 ? LIMITS.defaultPageSize : request.limit, LIMITS.maxPageSize);
  const range = { afterSequence: offset, limit, maximumBytes: LIMITS.pageBytes };
  const page = await events.readPage(sessionId, range, context);
  const total = page.session.eventCount;
  const hasMore = offset + page.events.length < total;
  return { ...page, pagination: { offset, limit, total, hasMore } };
}
