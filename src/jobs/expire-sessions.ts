import type { ExpiryStore } from '../core/store';
import type { Logger } from '../telemetry/logger';
import { ClockCheck, type Clocks, SYSTEM_CLOCKS } from './clock-check';

/** Average time between two sweeps, in milliseconds. It is randomised, so that servers started together sweep at different times. */
const INTERVAL_MS = 60_000;

/** With a short retention the interval is this share of it, so that sessions are deleted soon after it. */
const SHARE_OF_RETENTION = 0.1;

/** The longest that the first sweep's notice precedes the first deletion, in milliseconds. */
const MAX_NOTICE_MS = 10 * 60_000;

/** The most expired sessions that the notice counts. */
const MAX_NOTED = 10_000;

/**
 * Deletes expired sessions at intervals. Every server of a database does so; concurrent sweeps are safe.
 *
 * A wrong clock must not delete sessions. The first sweep of a process, and the first after its clock
 * was found wrong, only logs how many have expired. Deletions start some minutes later, by the monotonic
 * clock, and only while the clocks agree.
 */
export class ExpiryJob {
  private timer: NodeJS.Timeout | undefined;
  private sweeping: Promise<void> = Promise.resolve();
  private readonly stopping = new AbortController();
  private readonly clock: ClockCheck;
  /** When expired sessions were noted, by the monotonic clock; undefined before the first sweep. */
  private notedAt: number | undefined;

  /** @param retentionMs how long a session is kept after its last activity; undefined: forever, without sweeps */
  constructor(
    private readonly store: ExpiryStore,
    private readonly retentionMs: number | undefined,
    private readonly logger: Logger,
    private readonly clocks: Clocks = SYSTEM_CLOCKS,
  ) {
    this.clock = new ClockCheck(store, clocks);
  }

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
      this.sweeping = this.sweepAndReschedule(retentionMs);
    }, ms);
  }

  private async sweepAndReschedule(retentionMs: number): Promise<void> {
    try {
      await this.sweep(retentionMs);
    } catch (error) {
      this.logger.warn({ err: error }, 'could not delete expired sessions; retrying later');
    }
    this.scheduleSweep(retentionMs);
  }

  private async sweep(retentionMs: number): Promise<void> {
    const { now, problem } = await this.clock.read();
    if (problem !== undefined) {
      this.notedAt = undefined;
      this.logger.warn(`no expired session is deleted: ${problem}; check the time synchronization`);
      return;
    }
    const before = new Date(now - retentionMs);
    const noticeMs = Math.min(MAX_NOTICE_MS, retentionMs);
    if (this.notedAt === undefined) await this.note(before, noticeMs);
    else if (this.clocks.monotonic() - this.notedAt >= noticeMs) await this.deleteExpired(before);
  }

  private async note(before: Date, noticeMs: number): Promise<void> {
    const count = await this.store.countUnchanged(before, MAX_NOTED);
    this.notedAt = this.clocks.monotonic();
    if (count === 0) return;
    const seconds = Math.ceil(noticeMs / 1000);
    const atLeast = count === MAX_NOTED ? 'at least ' : '';
    this.logger.info(
      `${atLeast}${count} sessions have not changed for RETENTION; those without newer events are deleted after ${seconds} s`,
    );
  }

  private async deleteExpired(before: Date): Promise<void> {
    const deleted = await this.store.deleteInactive(before, this.stopping.signal);
    if (deleted > 0) this.logger.info({ deleted }, 'deleted expired sessions');
  }
}
