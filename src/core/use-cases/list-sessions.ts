import { checkLanguage } from '../validation/language';
import { isCount, LIMITS } from '../limits';
import { makePageToken } from '../paging/page-token';
import type { RequestContext } from '../request-context';
import { type Session, SESSION_STATUSES, sessionSize } from '../session';
import type { SessionStore } from '../store';
import { isId } from '../validation/text';
import { Violations } from '../validation/violations';
import { checkPageSize, checkPageToken, checkTimeRange } from '../paging/page-request';

export interface ListSessionsRequest {
  /** 0: the default. */
  readonly pageSize: number;
  /** Empty: the first page. */
  readonly pageToken: string;
  /** Undefined: any. */
  readonly status: string | undefined;
  /** Empty: any. */
  readonly language: string;
  readonly startedAfter: Date | undefined;
  readonly startedBefore: Date | undefined;
}

export interface ListSessionsResult {
  readonly sessions: readonly Session[];
  /** Empty: this is the last page. */
  readonly nextPageToken: string;
}

/** Lists sessions, newest first. */
export async function listSessions(
  sessionStore: SessionStore,
  request: ListSessionsRequest,
  context: RequestContext,
): Promise<ListSessionsResult> {
  const { language } = request;
  const violations = new Violations();
  const status = SESSION_STATUSES.find((known) => known === request.status);
  if (request.status !== undefined && status === undefined)
    violations.add('status', `must be one of ${SESSION_STATUSES.join(', ')}, or unset (any)`);
  if (language !== '') checkLanguage(violations, 'language', language);
  const started = checkTimeRange(
    violations,
    ['started_after', request.startedAfter],
    ['started_before', request.startedBefore],
  );
  const limit = checkPageSize(violations, 'page_size', request.pageSize);
  const tokenScope = ['ListSessions', status, language, started.start?.getTime(), started.end?.getTime()];
  const position = checkPageToken(violations, tokenScope, request.pageToken, isStartAndId);
  violations.throwIfAny();

  const query = {
    status,
    language: language === '' ? undefined : language,
    startedAfter: started.start,
    startedBefore: started.end,
    after: position && { startedAt: new Date(position[0]), sessionId: position[1] },
    // One more than the page holds shows whether there is a next page.
    limit: limit + 1,
    maximumBytes: LIMITS.pageBytes,
  };
  const found = await sessionStore.list(query, context);
  const sessions = found.slice(0, countFitting(found.slice(0, limit)));
  const last = sessions.at(-1);
  const isLast = last === undefined || sessions.length === found.length;
  return {
    sessions,
    nextPageToken: isLast ? '' : makePageToken(tokenScope, [last.startedAt.getTime(), last.sessionId]),
  };
}

/** A session's start, in milliseconds since the epoch, and its ID. */
function isStartAndId(content: readonly unknown[]): content is readonly [number, string] {
  const [startedAt, sessionId] = content;
  return (
    content.length === 2 &&
    typeof startedAt === 'number' &&
    isCount(startedAt) &&
    !Number.isNaN(new Date(startedAt).getTime()) &&
    typeof sessionId === 'string' &&
    isId(sessionId)
  );
}

/** Returns how many of the sessions fit into a page. The first one does whatever its size. */
function countFitting(sessions: readonly Session[]): number {
  let bytes = 0;
  const end = sessions.findIndex((session, index) => {
    bytes += sessionSize(session);
    return index > 0 && bytes > LIMITS.pageBytes;
  });
  return end < 0 ? sessions.length : end;
}
