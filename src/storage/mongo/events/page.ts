import { type Event, eventSize } from '../../../core/event';
import type { PageRange } from '../../../core/store';

/** Events of a range as they were read, in its order. */
export interface Page {
  readonly events: readonly Event[];
  /** The sequence that the page begins with; newest first, that of the last event found. 0 if none was found. */
  readonly first: number;
  /** The last sequence, in the order of the range, up to which the page has all events of the range. */
  readonly examinedTo: number;
  /**
   * Why the page ends: it covers the range; it has reached a limit; or the next event is missing,
   * cannot be read, or shares its sequence with another.
   */
  readonly end: 'range' | 'limit' | 'gap';
}

/** A page without events. */
export function emptyPage({ afterSequence, limit, newestFirst }: PageRange): Page {
  const before = newestFirst === true ? afterSequence + limit + 1 : afterSequence;
  return { events: [], first: 0, examinedTo: before, end: limit === 0 ? 'range' : 'gap' };
}

/** The first sequence of the range, in its order. */
function firstOf({ afterSequence, limit, newestFirst }: PageRange): number {
  return newestFirst === true ? afterSequence + limit : afterSequence + 1;
}

/** The last sequence of the range, in its order. */
export function lastOf({ afterSequence, limit, newestFirst }: PageRange): number {
  return newestFirst === true ? afterSequence + 1 : afterSequence + limit;
}

/** The first part of the range, in its order, with at most this many sequences. */
export function startOf(range: PageRange, count: number): PageRange {
  const { afterSequence, limit, newestFirst } = range;
  if (count >= limit) return range;
  return {
    ...range,
    afterSequence: newestFirst === true ? afterSequence + limit - count : afterSequence,
    limit: count,
  };
}

/** What is left of the range after this sequence, in its order. */
export function restOf(range: PageRange, examinedTo: number): PageRange {
  const { afterSequence, limit, newestFirst } = range;
  return newestFirst === true
    ? { ...range, limit: examinedTo - 1 - afterSequence }
    : { ...range, afterSequence: examinedTo, limit: afterSequence + limit - examinedTo };
}

/**
 * Returns the rows from the start of the range on, or newest first from the last row on, up to the
 * first gap, or the first sequence that occurs twice.
 *
 * @param rows in the order of the range
 */
export function withoutGaps<Row extends { readonly sequence: number }>(
  rows: readonly Row[],
  { afterSequence, newestFirst }: PageRange,
): readonly Row[] {
  const step = newestFirst === true ? -1 : 1;
  const first = newestFirst === true ? (rows[0]?.sequence ?? 0) : afterSequence + 1;
  const end = rows.findIndex(
    ({ sequence }, index) => sequence !== first + index * step || rows[index + 1]?.sequence === sequence,
  );
  return end < 0 ? rows : rows.slice(0, end);
}

/** Returns the page of a range. @param rows what was found of the range, in its order */
export function pageOf(rows: readonly Event[], range: PageRange): Page {
  const events = withoutGaps(rows, range);
  let bytes = 0;
  const end = events.findIndex((event, index) => {
    bytes += eventSize(event);
    return index > 0 && bytes > range.maximumBytes;
  });
  const fitting = end < 0 ? events : events.slice(0, end);
  const [first, last] = [fitting[0], fitting.at(-1)];
  if (first === undefined || last === undefined) return emptyPage(range);
  const whole = last.sequence === lastOf(range) ? 'range' : 'gap';
  return {
    events: fitting,
    first: first.sequence,
    examinedTo: last.sequence,
    end: end < 0 ? whole : 'limit',
  };
}

/** Joins a page with the page of the rest of its range. */
export function joinPages(page: Page, next: Page, rest: PageRange): Page {
  const [first] = next.events;
  if (first === undefined || first.sequence !== firstOf(rest)) return { ...page, end: 'gap' };
  if (eventSize(first) > rest.maximumBytes) return { ...page, end: 'limit' };
  return { ...next, events: [...page.events, ...next.events], first: page.first };
}
