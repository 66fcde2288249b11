import { LIMITS } from '../limits';
import { type PagePosition, readPageToken } from './page-token';
import type { Violations } from '../validation/violations';

/** Checks a page's size, and returns the one that is applied. */
export function checkPageSize(violations: Violations, field: string, size: number): number {
  if (!Number.isSafeInteger(size) || size < 0)
    violations.add(field, 'must be a whole number, 0 or more (0 means the default)');
  return Math.min(size === 0 ? LIMITS.defaultPageSize : size, LIMITS.maxPageSize);
}

/** Where the page before ended; undefined for the first page. @param request what the token belongs to */
export function checkPageToken(
  violations: Violations,
  request: readonly unknown[],
  token: string,
): PagePosition | undefined {
  if (token === '') return undefined;
  const position = readPageToken(request, token);
  if (position === undefined)
    violations.add(
      'page_token',
      'is none that this very request returned: give it with the same session, filters and direction, or begin without one',
    );
  return position;
}

/** Checks that a range of time does not end before it starts. */
export function checkTimeRange(
  violations: Violations,
  field: string,
  start: Date | undefined,
  end: Date | undefined,
): void {
  for (const time of [start, end]) {
    if (time !== undefined && Number.isNaN(time.getTime())) violations.add(field, 'must be a valid time');
  }
  if (start !== undefined && end !== undefined && end < start)
    violations.add(field, 'must not be before the start of the range');
}
