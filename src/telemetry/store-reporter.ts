import type { StoreObserver } from '../core/store-observer';
import type { UnreadableRowError } from '../core/unreadable-row';
import type { Logger } from './logger';
import type { Metrics } from './metrics';

/** How many rows it remembers to have logged. */
const MAX_LOGGED = 10_000;

/** Measures what a store reports, and logs each row that lists leave out, once. */
export class StoreReporter implements StoreObserver {
  private readonly logged = new Set<string>();

  constructor(
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {}

  committed(events: number): void {
    this.metrics.committed(events);
  }

  appendConflict(): void {
    this.metrics.appendConflict();
  }

  unreadableRow(error: UnreadableRowError): void {
    this.metrics.unreadableRow(error);
    const { message } = error;
    if (this.logged.has(message)) return;
    if (this.logged.size === MAX_LOGGED) this.logged.clear();
    this.logged.add(message);
    this.logger.warn(`${message}; lists leave it out: restore it from a backup`);
  }
}
