import { LIMITS } from '../limits';
import { ceilToMs, isBefore } from '../precise-date';
import { type PagePosition, readPageToken } from './page-token';
import type { Violations } from '../validation/violations';

/** Checks a page size, and returns the one to apply. */
export function checkPageSize(violations: Violations, field: string, size: number): number {
  if (!Number.isSafeInteger(size) || size < 0)
    violations.add(field, 'must be a whole number, 0 or more (0 means the default)');
  return Math.min(size === 0 ? LIMITS.defaultPageSize : size, LIMITS.maxPageSize);
}

/**
 * Returns where the previous page ended; undefined for the first page.
 *
 * @param tokenScope the request's filters, to which the token is tied
 * @param isPosition whether the token's content is a position of this kind of page
 */
export function checkPageToken<Position extends PagePosition>(
  violations: Violations,
  tokenScope: readonly unknown[],
  token: string,
  isPosition: (content: readonly unknown[]) => content is Position,
): Position | undefined {
  if (token === '') return undefined;
  const content = readPageToken(tokenScope, token);
  if (Array.isArray(content) && isPosition(content)) return content;
  violations.add(
    'page_token',
    'does not belong to this request; use it with the same session, filters and order, or start without a token',
  );
  return undefined;
}

/** A range of times with millisecond precision. Undefined: no bound. */
export interface TimeRange {
  /** Inclusive. */
  readonly start: Date | undefined;
  /** Exclusive. */
  readonly end: Date | undefined;
}

/** Checks that a time range does not end before it starts, and returns it for times that are whole milliseconds. */
export function checkTimeRange(
  violations: Violations,
  [startField, start]: readonly [field: string, time: Date | undefined],
  [endField, end]: readonly [field: string, time: Date | undefined],
): TimeRange {
  checkTime(violations, startField, start);
  checkTime(violations, endField, end);
  if (start !== undefined && end !== undefined && isBefore(end, start))
    violations.add(endField, `must not be before ${startField}`);
  return { start: start && ceilToMs(start), end: end && ceilToMs(end) };
}

function checkTime(violations: Violations, field: string, time: Date | undefined): void {
  if (Number.isNaN(time?.getTime()))
    violations.add(field, 'must be a time in the years 1 to 9999, with 0 to 999,999,999 nanoseconds');
}
