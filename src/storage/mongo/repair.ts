import type { Logger } from '../../telemetry/logger';
import type { BuildTarget } from './build-indexes';
import type { Catalog } from './catalog';
import { completeDatabase } from './complete-database';

/** An attempt is followed by a pause of so many times its duration, since it may read every document, and of this at least. */
const PAUSE_FACTOR = 10;
const MIN_PAUSE_MS = 500;

/** Writes what the database lacks, in the background, one attempt at a time. */
export class Repair {
  /** Why the last attempt could not write everything, and what to do; empty if it could. */
  problems: readonly string[] = [];
  private running = false;
  private nextAt = -Infinity;

  /** @param onAttempt called after each attempt */
  constructor(
    private readonly logger: Logger,
    private readonly onAttempt: () => void,
  ) {}

  /**
   * Starts an attempt, unless one is running or the pause after the last one is not over.
   *
   * @param intactAt when the database last lacked nothing
   */
  start(target: BuildTarget, catalog: Catalog, intactAt: Date): void {
    if (this.running || performance.now() < this.nextAt) return;
    this.running = true;
    this.attempt(target, catalog, intactAt)
      .catch((error: unknown) =>
        this.logger.warn({ err: error }, 'cannot write what the database lacks yet; retrying'),
      )
      .finally(() => (this.running = false))
      .then(this.onAttempt, this.onAttempt);
  }

  private async attempt(target: BuildTarget, catalog: Catalog, intactAt: Date): Promise<void> {
    const startedAt = performance.now();
    try {
      this.problems = await completeDatabase(target, catalog, intactAt);
    } finally {
      const now = performance.now();
      this.nextAt = now + Math.max(MIN_PAUSE_MS, PAUSE_FACTOR * (now - startedAt));
    }
  }
}
