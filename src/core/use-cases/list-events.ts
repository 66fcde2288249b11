import { type Event, eventSize } from '../event';
import { isCount, LIMITS } from '../limits';
import { makePageToken } from '../paging/page-token';
import type { RequestContext } from '../request-context';
import type { EventStore, PageRange, SessionPage } from '../store';
import { isUnreadableRow } from '../unreadable-row';
import { checkCount } from '../validation/count';
import { checkId, checkType } from '../validation/text';
import { Violations } from '../validation/violations';
import { checkPageSize, checkPageToken, checkTimeRange, type TimeRange } from '../paging/page-request';

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

/** A range of sequences that is left to list. */
interface LogRange {
  /** Exclusive. */
  readonly after: number;
  /** Inclusive. */
  readonly upTo: number;
}

/** Lists a session's events. Sequences are dense, so every filter but the one by type is a range of them. */
export async function listEvents(
  events: EventStore,
  request: ListEventsRequest,
  context: RequestContext,
): Promise<ListEventsResult> {
  const { sessionId, newestFirst, afterSequence } = request;
  const violations = new Violations();
  checkId(violations, 'session_id', sessionId);
  checkCount(violations, 'after_sequence', afterSequence);
  checkTypes(violations, request.types);
  const times = checkTimeRange(violations, ['start_time', request.startTime], ['end_time', request.endTime]);
  const limit = checkPageSize(violations, 'page_size', request.pageSize);
  const types = new Set(request.types);
  const tokenScope = [
    'ListEvents',
    ...[sessionId, newestFirst, afterSequence, [...types].sort()],
    ...[times.start?.getTime(), times.end?.getTime()],
  ];
  const [position] = checkPageToken(violations, tokenScope, request.pageToken, isSequence) ?? [];
  violations.throwIfAny();

  const all = await findRange(events, { sessionId, afterSequence, times }, context);
  const range = position === undefined ? all : resumeAt(all, position, newestFirst);
  const page = await readMatching(events, { sessionId, newestFirst, types, limit, range }, context);
  const { rest } = page;
  const next = newestFirst ? rest.upTo : rest.after;
  return {
    events: page.events,
    nextPageToken: rest.after < rest.upTo ? makePageToken(tokenScope, [next]) : '',
  };
}

function isSequence(content: readonly unknown[]): content is readonly [number] {
  const [sequence] = content;
  return content.length === 1 && typeof sequence === 'number' && isCount(sequence);
}

function checkTypes(violations: Violations, types: readonly string[]): void {
  if (types.length > LIMITS.maxFilterTypes)
    violations.add('types', `must be at most ${LIMITS.maxFilterTypes}; got ${types.length}`);
  else types.forEach((type, index) => checkType(violations, `types[${index}]`, type));
}

interface RangeFilters {
  readonly sessionId: string;
  readonly afterSequence: number;
  readonly times: TimeRange;
}

/** The range that the filters select, up to the current last event. */
async function findRange(
  events: EventStore,
  { sessionId, afterSequence, times }: RangeFilters,
  context: RequestContext,
): Promise<LogRange> {
  const countBefore = (time: Date | undefined): Promise<number> | undefined =>
    time && events.countBefore(sessionId, time, context);
  const noEvents = { afterSequence: 0, limit: 0, maximumBytes: 0 };
  const [{ session }, first, last] = await Promise.all([
    events.readPage(sessionId, noEvents, context),
    countBefore(times.start),
    countBefore(times.end),
  ]);
  const { eventCount } = session;
  return { after: Math.max(afterSequence, first ?? 0), upTo: Math.min(last ?? eventCount, eventCount) };
}

function resumeAt({ after, upTo }: LogRange, position: number, newestFirst: boolean): LogRange {
  return newestFirst ? { after, upTo: Math.min(position, upTo) } : { after: Math.max(position, after), upTo };
}

interface MatchingEvents {
  readonly sessionId: string;
  readonly newestFirst: boolean;
  readonly types: ReadonlySet<string>;
  readonly limit: number;
  readonly range: LogRange;
}

/**
 * Reads until the page is full, `maxScannedEvents` have been examined, or the next event cannot be read.
 * Returns the range that is left, too.
 */
async function readMatching(
  store: EventStore,
  { sessionId, newestFirst, types, limit, range }: MatchingEvents,
  context: RequestContext,
): Promise<{ events: Event[]; rest: LogRange }> {
  const events: Event[] = [];
  let rest = range;
  let bytes = 0;
  let scanned = 0;
  while (events.length < limit && scanned < LIMITS.maxScannedEvents && rest.after < rest.upTo) {
    const maxCount = types.size === 0 ? limit - events.length : LIMITS.maxPageSize;
    const count = Math.min(maxCount, rest.upTo - rest.after);
    const afterSequence = newestFirst ? rest.upTo - count : rest.after;
    const pageRange = { afterSequence, limit: count, maximumBytes: LIMITS.pageBytes, newestFirst };
    const page = await readPage(store, sessionId, pageRange, context, rest !== range);
    // The page ends here, or the events of the range are gone: the session is being deleted.
    if (page === undefined || page.events.length === 0) break;
    for (const event of page.events) {
      const matches = types.size === 0 || types.has(event.type);
      const size = matches ? eventSize(event) : 0;
      if (events.length === limit || (events.length > 0 && bytes + size > LIMITS.pageBytes))
        return { events, rest };
      if (matches) events.push(event);
      bytes += size;
      scanned += 1;
      rest = newestFirst
        ? { after: rest.after, upTo: event.sequence - 1 }
        : { after: event.sequence, upTo: rest.upTo };
    }
  }
  return { events, rest };
}

/** Returns undefined if the first event cannot be read and the page may end before it. */
async function readPage(
  store: EventStore,
  sessionId: string,
  range: PageRange,
  context: RequestContext,
  mayEnd: boolean,
): Promise<SessionPage | undefined> {
  try {
    return await store.readPage(sessionId, range, context);
  } catch (error) {
    if (mayEnd && isUnreadableRow(error)) return undefined;
    throw error;
  }
}
