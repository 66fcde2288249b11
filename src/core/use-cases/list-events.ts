import { type Event, eventSize } from '../event';
import { isCount, LIMITS } from '../limits';
import { makePageToken } from '../paging/page-token';
import type { RequestContext } from '../request-context';
import { type EventStore, NO_EVENTS, type PageRange } from '../store';
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
  const types = [...new Set(request.types)].sort();
  const tokenScope = [
    'ListEvents',
    ...[sessionId, newestFirst, afterSequence, types],
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
  const [{ session }, first, last] = await Promise.all([
    events.readEvents(sessionId, NO_EVENTS, context),
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
  readonly types: readonly string[];
  readonly limit: number;
  readonly range: LogRange;
}

/** A page of a list, and the range that is left after it. */
interface ListedEvents {
  readonly events: readonly Event[];
  readonly rest: LogRange;
}

/** Reads a page: all events of the range, or those of the types. */
async function readMatching(
  store: EventStore,
  matching: MatchingEvents,
  context: RequestContext,
): Promise<ListedEvents> {
  const { types, limit, range } = matching;
  if (range.after >= range.upTo) return { events: [], rest: range };
  if (types.length > 0) return readTypes(store, matching, context);
  return readPart(store, matching, range, { limit, maximumBytes: LIMITS.pageBytes }, context);
}

/**
 * Reads until the page is full, `maxScannedEvents` have been examined, half the time until the
 * deadline has passed, or the next event cannot be read.
 */
async function readTypes(
  store: EventStore,
  matching: MatchingEvents,
  context: RequestContext,
): Promise<ListedEvents> {
  const { types, limit, range } = matching;
  const events: Event[] = [];
  let rest = range;
  let bytes = 0;
  let toExamine: number = LIMITS.maxScannedEvents;
  const untilMs = context.remainingMs() / 2;
  while (events.length < limit && toExamine > 0 && rest.after < rest.upTo) {
    const page = { types, maximumEvents: limit - events.length, maximumBytes: LIMITS.pageBytes - bytes };
    const part = await readPart(store, matching, rest, { ...page, limit: toExamine }, context);
    const [first] = part.events;
    if (events.length > 0 && first !== undefined && eventSize(first) > page.maximumBytes) break;
    for (const event of part.events) {
      events.push(event);
      bytes += eventSize(event);
    }
    const examined = sizeOf(rest) - sizeOf(part.rest);
    // The page ends here, or the events of the range are gone: the session is being deleted.
    if (examined <= 0) break;
    toExamine -= examined;
    rest = part.rest;
    if (context.remainingMs() < untilMs) break;
  }
  return { events, rest };
}

function sizeOf({ after, upTo }: LogRange): number {
  return upTo - after;
}

/** Reads from the start of what is left. If the next event cannot be read, the page ends before it. */
async function readPart(
  store: EventStore,
  { sessionId, newestFirst, range }: MatchingEvents,
  rest: LogRange,
  { limit, ...page }: Omit<PageRange, 'afterSequence' | 'newestFirst'>,
  context: RequestContext,
): Promise<ListedEvents> {
  const count = Math.min(limit, sizeOf(rest));
  const afterSequence = newestFirst ? rest.upTo - count : rest.after;
  try {
    const pageRange = { ...page, afterSequence, limit: count, newestFirst };
    const { events, examinedTo } = await store.readEvents(sessionId, pageRange, context);
    const left = newestFirst
      ? { after: rest.after, upTo: examinedTo - 1 }
      : { after: examinedTo, upTo: rest.upTo };
    return { events, rest: left };
  } catch (error) {
    if (rest !== range && isUnreadableRow(error)) return { events: [], rest };
    throw error;
  }
}
