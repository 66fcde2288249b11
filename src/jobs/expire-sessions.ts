import type { ExpiryStore } from '../core/store';
import type { Logger } from '../telemetry/logger';

/** Average time between two sweeps, in milliseconds. It is randomised, so that servers started together sweep at different times. */
const INTERVAL_MS = 60_000;

/** With a short retention the interval is this share of it, so that sessions are deleted soon after it. */
const SHARE_OF_RETENTION = 0.1;

/** Deletes expired sessions at intervals. Every server of a database does so; concurrent sweeps are safe. */
export class ExpiryJob {
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<void> = Promise.resolve();
  private readonly stopping = new AbortController();

  /** @param retentionMs how long an ended session is kept; undefined: forever, without sweeps */
  constructor(
    private readonly store: ExpiryStore,
    private readonly retentionMs: number | undefined,
    private readonly logger: Logger,
  ) {}

  start(): void {
    if (this.retentionMs !== undefined) this.scheduleSweep(this.retentionMs);
  }

  /** Aborts a sweep in progress too: the next one continues its work. */
  async stop(): Promise<void> {
    this.stopping.abort();
    clearTimeout(this.timer);
    await this.sweeping;
  }

  private scheduleSweep(retentionMs: number): void {
    if (this.stopping.signal.aborted) return;
    const ms = Math.min(INTERVAL_MS, retentionMs * SHARE_OF_RETENTION) * (0.5 + Math.random());
    this.timer = setTimeout(() => {
      this.sweeping = this.sweep(retentionMs);
    }, ms);
  }

  private async sweep(retentionMs: number): Promise<void> {
    try {
      const deleted = await this.store.deleteExpired(retentionMs, this.stopping.signal);
      if (deleted > 0) this.logger.info({ deleted }, 'deleted expired sessions');
    } catch (error) {
      this.logger.warn({ err: error }, 'could not delete expired sessions; retrying later');
    }
    this.scheduleSweep(retentionMs);
  }
}
