import { type Event, eventSize } from '../core/event';
import { LIMITS } from '../core/limits';
import type { PageRange, SessionPage } from '../core/store';

/** The range to read: where only some types are wanted, its first events are enough, as many as in the longest page. */
export function partToRead(range: PageRange, eventCount: number): PageRange {
  const { afterSequence, limit, newestFirst, types } = range;
  if (types === undefined) return range;
  const end = Math.max(afterSequence, Math.min(afterSequence + limit, eventCount));
  const count = Math.min(end - afterSequence, LIMITS.maxPageSize);
  const start = newestFirst === true ? end - count : afterSequence;
  return { ...range, afterSequence: start, limit: count, maximumBytes: LIMITS.pageBytes };
}

/** Selects the events of the range's types from those that were read, up to the page's maximum size. */
export function selectEvents(
  read: readonly Event[],
  { afterSequence, limit, newestFirst, types, maximumEvents = Infinity, maximumBytes }: PageRange,
): Omit<SessionPage, 'session'> {
  let examinedTo = newestFirst === true ? afterSequence + limit + 1 : afterSequence;
  if (types === undefined) return { events: read, examinedTo: read.at(-1)?.sequence ?? examinedTo };
  const events: Event[] = [];
  let bytes = 0;
  for (const event of read) {
    if (types.includes(event.type)) {
      bytes += eventSize(event);
      if (events.length === maximumEvents || (events.length > 0 && bytes > maximumBytes)) break;
      events.push(event);
    }
    examinedTo = event.sequence;
  }
  return { events, examinedTo };
}
