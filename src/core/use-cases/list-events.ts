import { type Event, eventSize } from '../event';
import { isCount, LIMITS } from '../limits';
import { makePageToken } from '../paging/page-token';
import type { RequestContext } from '../request-context';
import type { SessionRepository } from '../store';
import { checkId, checkType } from '../validation/text';
import { Violations } from '../validation/violations';
import { checkPageSize, checkPageToken, checkTimeRange } from '../paging/page-request';

export interface ListEventsRequest {
  readonly sessionId: string;
  /** 0: the default. */
  readonly pageSize: number;
  /** Empty: the first page. */
  readonly pageToken: string;
  readonly newestFirst: boolean;
  readonly afterSequence: number;
  /** Empty: all. */
  readonly types: readonly string[];
  readonly startTime: Date | undefined;
  readonly endTime: Date | undefined;
}

export interface ListEventsResult {
  readonly events: readonly Event[];
  /** Empty: this is the last page. */
  readonly nextPageToken: string;
}

/** A range of the log that is left to list: after one sequence, up to another. */
interface LogRange {
  readonly after: number;
  readonly upTo: number;
}

/** Lists a session's events. Sequences are dense, so whatever is asked for is a range of them. */
export async function listEvents(
  repository: SessionRepository,
  request: ListEventsRequest,
  context: RequestContext,
): Promise<ListEventsResult> {
  const { sessionId, newestFirst, afterSequence, startTime, endTime } = request;
  const violations = new Violations();
  checkId(violations, 'session_id', sessionId);
  if (!isCount(afterSequence)) violations.add('after_sequence', 'must be a whole number, 0 or more');
  checkTypes(violations, request.types);
  checkTimeRange(violations, 'end_time', startTime, endTime);
  const limit = checkPageSize(violations, 'page_size', request.pageSize);
  const types = new Set(request.types);
  const tokenScope = [
    'ListEvents',
    ...[sessionId, newestFirst, afterSequence, [...types].sort()],
    ...[startTime?.getTime(), endTime?.getTime()],
  ];
  const [position] = checkPageToken(violations, tokenScope, request.pageToken) ?? [];
  violations.throwIfAny();

  const rest = await findRange(repository, request, context);
  const going = typeof position === 'number' ? resumeAt(rest, position, newestFirst) : rest;
  const page = await readMatching(repository, { sessionId, newestFirst, types, limit, rest: going }, context);
  const { events, left } = page;
  const next = newestFirst ? left.upTo : left.after;
  return { events, nextPageToken: left.after < left.upTo ? makePageToken(tokenScope, [next]) : '' };
}

function checkTypes(violations: Violations, types: readonly string[]): void {
  if (types.length > LIMITS.maxFilterTypes)
    violations.add('types', `must be at most ${LIMITS.maxFilterTypes}, and are ${types.length}`);
  else types.forEach((type, index) => checkType(violations, `types[${index}]`, type));
}

/** All that is asked for, up to the last event by now. */
async function findRange(
  repository: SessionRepository,
  { sessionId, afterSequence, startTime, endTime }: ListEventsRequest,
  context: RequestContext,
): Promise<LogRange> {
  const countBefore = (time: Date | undefined): Promise<number> | undefined =>
    time && repository.countBefore(sessionId, time, context);
  const none = { afterSequence: 0, limit: 0, maximumBytes: 0 };
  const [{ session }, first, last] = await Promise.all([
    repository.readSession(sessionId, none, context),
    countBefore(startTime),
    countBefore(endTime),
  ]);
  const { eventCount } = session;
  return { after: Math.max(afterSequence, first ?? 0), upTo: Math.min(last ?? eventCount, eventCount) };
}

function resumeAt({ after, upTo }: LogRange, position: number, newestFirst: boolean): LogRange {
  return newestFirst ? { after, upTo: position } : { after: position, upTo };
}

interface Collecting {
  readonly sessionId: string;
  readonly newestFirst: boolean;
  readonly types: ReadonlySet<string>;
  readonly limit: number;
  readonly rest: LogRange;
}

/** Reads on until the page is full, or enough of the log was looked at. */
async function readMatching(
  repository: SessionRepository,
  { sessionId, newestFirst, types, limit, rest }: Collecting,
  context: RequestContext,
): Promise<{ events: Event[]; left: LogRange }> {
  const events: Event[] = [];
  let left = rest;
  let bytes = 0;
  let scanned = 0;
  while (events.length < limit && scanned < LIMITS.maxScannedEvents && left.after < left.upTo) {
    const wanted = types.size === 0 ? limit - events.length : LIMITS.maxPageSize;
    const count = Math.min(wanted, left.upTo - left.after);
    const afterSequence = newestFirst ? left.upTo - count : left.after;
    const range = { afterSequence, limit: count, maximumBytes: LIMITS.pageBytes, newestFirst };
    const read = (await repository.readSession(sessionId, range, context)).events;
    // What was counted a moment ago is not there: the session is being deleted.
    if (read.length === 0) break;
    for (const event of read) {
      const isWanted = types.size === 0 || types.has(event.type);
      const size = isWanted ? eventSize(event) : 0;
      if (events.length === limit || (events.length > 0 && bytes + size > LIMITS.pageBytes))
        return { events, left };
      if (isWanted) events.push(event);
      bytes += size;
      scanned += 1;
      left = newestFirst
        ? { after: left.after, upTo: event.sequence - 1 }
        : { after: event.sequence, upTo: left.upTo };
    }
  }
  return { events, left };
}
