import type { Counter } from 'prom-client';

/** Counts for a counter with labels, which by itself looks its labels up anew at each use: a third of a microsecond. */
export class BufferedCounter {
  private count = 0;

  constructor(private readonly counter: Counter.Internal) {}

  increment(): void {
    this.count += 1;
  }

  /** Tells the counter, before it is read. A counter that was told of nothing yet is there, as 0. */
  flush(): void {
    this.counter.inc(this.count);
    this.count = 0;
  }
}
