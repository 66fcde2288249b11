import type { ExpiryStore } from '../core/store';

/** The clocks of this process, in milliseconds. */
export interface Clocks {
  /** Since the epoch. It can be wrong, and can be set. */
  now(): number;
  /** From an arbitrary start. It cannot be set. */
  monotonic(): number;
}

export const SYSTEM_CLOCKS: Clocks = { now: () => Date.now(), monotonic: () => performance.now() };

/** How far clocks may disagree, in milliseconds. */
const MAX_DIFFERENCE_MS = 60_000;

/** A reading of the clock. */
export interface ClockReading {
  /** In milliseconds since the epoch. */
  readonly now: number;
  /** Why not to trust it; undefined if it agrees with the other clocks. */
  readonly problem: string | undefined;
}

/** Compares this server's clock with the monotonic clock and with the store's: a deletion by a wrong clock cannot be undone. */
export class ClockCheck {
  private previous: { readonly now: number; readonly monotonic: number };

  constructor(
    private readonly store: Pick<ExpiryStore, 'now'>,
    private readonly clocks: Clocks,
  ) {
    this.previous = this.readBoth();
  }

  async read(): Promise<ClockReading> {
    const { previous } = this;
    const current = this.readBoth();
    this.previous = current;
    const { now } = current;
    const jumpMs = now - previous.now - (current.monotonic - previous.monotonic);
    if (isTooFar(jumpMs))
      return { now, problem: `the clock jumped by ${seconds(jumpMs)} s since the last sweep` };
    const storeTime = await this.store.now();
    const aheadMs = storeTime === undefined ? 0 : now - storeTime.getTime();
    if (isTooFar(aheadMs))
      return { now, problem: `the clock differs from the database's by ${seconds(aheadMs)} s` };
    return { now, problem: undefined };
  }

  private readBoth(): { now: number; monotonic: number } {
    return { now: this.clocks.now(), monotonic: this.clocks.monotonic() };
  }
}

function isTooFar(differenceMs: number): boolean {
  return Math.abs(differenceMs) > MAX_DIFFERENCE_MS;
}

function seconds(ms: number): number {
  return Math.round(ms / 1000);
}
