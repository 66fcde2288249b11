import { LIMITS } from '../limits';
import { Violations } from './violations';

const CONTROL_CHARACTER = /\p{Cc}/u;

function checkText(
  violations: Violations,
  field: string,
  value: string,
  minimum: number,
  maximum: number,
): boolean {
  if (!value.isWellFormed()) {
    violations.add(field, 'must be valid Unicode; it contains an unpaired surrogate');
    return false;
  }
  const bytes = Buffer.byteLength(value);
  if (bytes < minimum || bytes > maximum) {
    const range = minimum === 0 ? `at most ${maximum}` : `${minimum} to ${maximum}`;
    violations.add(field, `must be ${range} bytes of UTF-8; got ${bytes}`);
    return false;
  }
  return true;
}

function checkName(violations: Violations, field: string, value: string, maximum: number): void {
  if (checkText(violations, field, value, 1, maximum) && CONTROL_CHARACTER.test(value)) {
    violations.add(field, 'must not contain control characters');
  }
}

/** A `session_id` or `event_id`. */
export function checkId(violations: Violations, field: string, value: string): void {
  checkName(violations, field, value, LIMITS.idBytes);
}

/** Whether this is a valid `session_id` or `event_id`. */
export function isId(value: string): boolean {
  const violations = new Violations();
  checkId(violations, 'id', value);
  return !violations.has('id');
}

/** An event's `type`. */
export function checkType(violations: Violations, field: string, value: string): void {
  checkName(violations, field, value, LIMITS.typeBytes);
}

/** A session's `end_reason`. */
export function checkEndReason(violations: Violations, field: string, value: string): void {
  checkText(violations, field, value, 0, LIMITS.endReasonBytes);
}

/** Truncates text to a number of UTF-8 bytes, at a character boundary. */
export function truncateText(text: string, maximumBytes: number): string {
  if (Buffer.byteLength(text) <= maximumBytes) return text;
  const mark = '…';
  const cut = Buffer.from(text).subarray(0, maximumBytes - Buffer.byteLength(mark));
  return cut.toString().replace(/\uFFFD$/u, '') + mark;
}
