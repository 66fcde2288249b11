import type { Counter } from 'prom-client';

/** Counts in memory for a counter with labels, which takes a third of a microsecond per increment to look its labels up. */
export class BufferedCounter {
  private count = 0;

  constructor(private readonly counter: Counter.Internal) {}

  increment(): void {
    this.count += 1;
  }

  /** Adds the count to the counter, before a scrape. Also makes a counter appear that has not been incremented yet, as 0. */
  flush(): void {
    this.counter.inc(this.count);
    this.count = 0;
  }
}
