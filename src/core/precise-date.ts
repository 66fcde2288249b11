/**
 * A time between two milliseconds, such as a caller can send; as a Date it is the earlier of them. The
 * times of the service itself are plain Dates.
 */
export class PreciseDate extends Date {
  /** @param ms since the epoch @param nanos after this millisecond, 1 to 999,999 */
  constructor(
    ms: number,
    readonly nanos: number,
  ) {
    super(ms);
  }
}

/** Nanoseconds after the time's millisecond. */
export function nanosAfterMs(time: Date): number {
  return time instanceof PreciseDate ? time.nanos : 0;
}

/** Whether the first time is before the second. */
export function isBefore(time: Date, other: Date): boolean {
  const ms = time.getTime() - other.getTime();
  return ms < 0 || (ms === 0 && nanosAfterMs(time) < nanosAfterMs(other));
}

/** The first millisecond that is not before the time. */
export function ceilToMs(time: Date): Date {
  return nanosAfterMs(time) === 0 ? time : new Date(time.getTime() + 1);
}
