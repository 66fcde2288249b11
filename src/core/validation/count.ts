import { isCount } from '../limits';
import type { Violations } from './violations';

/** Checks a sequence or an offset. NaN stands for a number that a double cannot hold. */
export function checkCount(violations: Violations, field: string, value: number): void {
  if (!isCount(value)) violations.add(field, `must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}`);
}
