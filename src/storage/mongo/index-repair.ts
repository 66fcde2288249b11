import type { Logger } from '../../telemetry/logger';
import { buildIndexes, type BuildTarget } from './build-indexes';
import type { MissingIndex } from './catalog';

/** An attempt is followed by a pause of so many times its duration, since it may read every document, and of this at least. */
const PAUSE_FACTOR = 10;
const MIN_PAUSE_MS = 500;

/** Builds missing indexes in the background, one attempt at a time. */
export class IndexRepair {
  /** Why the last attempt could not build all indexes, and what to do; empty if it could. */
  problems: readonly string[] = [];
  private running = false;
  private nextAt = -Infinity;

  /** @param onAttempt called after each attempt */
  constructor(
    private readonly logger: Logger,
    private readonly onAttempt: () => void,
  ) {}

  /** Starts an attempt, unless one is running or the pause after the last one is not over. */
  start(target: BuildTarget, missing: readonly MissingIndex[]): void {
    if (this.running || performance.now() < this.nextAt) return;
    this.running = true;
    this.attempt(target, missing)
      .catch((error: unknown) =>
        this.logger.warn({ err: error }, 'cannot build the missing indexes yet; retrying'),
      )
      .finally(() => (this.running = false))
      .then(this.onAttempt, this.onAttempt);
  }

  private async attempt(target: BuildTarget, missing: readonly MissingIndex[]): Promise<void> {
    const startedAt = performance.now();
    try {
      this.problems = await buildIndexes(target, missing);
    } finally {
      const now = performance.now();
      this.nextAt = now + Math.max(MIN_PAUSE_MS, PAUSE_FACTOR * (now - startedAt));
    }
  }
}
