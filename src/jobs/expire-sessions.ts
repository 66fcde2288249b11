import type { ExpiryStore } from '../core/store';
import type { Logger } from '../telemetry/logger';

/** How long between two sweeps, in milliseconds, about: servers that started together do not sweep together. */
const INTERVAL_MS = 60_000;

/** With a short retention sessions are to go soon after it. */
const SHARE_OF_RETENTION = 0.1;

/** Deletes expired sessions now and then. Each server of a database does so: one is safe beside the others. */
export class ExpiryJob {
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<void> = Promise.resolve();
  private readonly stopping = new AbortController();

  /** @param retentionMs how long an ended session is kept; undefined: for ever, and nothing is swept */
  constructor(
    private readonly expiry: ExpiryStore,
    private readonly retentionMs: number | undefined,
    private readonly logger: Logger,
  ) {}

  start(): void {
    if (this.retentionMs !== undefined) this.sweepLater(this.retentionMs);
  }

  /** Ends a sweep that is under way too: what is left is for the next one. */
  async stop(): Promise<void> {
    this.stopping.abort();
    clearTimeout(this.timer);
    await this.sweeping;
  }

  private sweepLater(retentionMs: number): void {
    if (this.stopping.signal.aborted) return;
    const ms = Math.min(INTERVAL_MS, retentionMs * SHARE_OF_RETENTION) * (0.5 + Math.random());
    this.timer = setTimeout(() => {
      this.sweeping = this.sweep(retentionMs);
    }, ms);
  }

  private async sweep(retentionMs: number): Promise<void> {
    try {
      const deleted = await this.expiry.deleteExpired(retentionMs, this.stopping.signal);
      if (deleted > 0) this.logger.info({ deleted }, 'expired sessions were deleted');
    } catch (error) {
      this.logger.warn({ err: error }, 'expired sessions could not be deleted: trying again later');
    }
    this.sweepLater(retentionMs);
  }
}
