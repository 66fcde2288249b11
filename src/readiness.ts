import type { SessionRepository } from './core/session-repository';
import type { Logger } from './telemetry/logger';

/** How often the store is asked, in milliseconds. */
const PING_INTERVAL_MS = 1000;

/** How long the store may be silent before the server says that it is not ready: an election passes unnoticed. */
const SILENCE_MS = 5000;

/** Asks the store again and again whether it answers, and tells when that changes. */
export class Readiness {
  private ready = false;
  private answeredAt = -Infinity;
  private pinging = false;
  private timer: NodeJS.Timeout | undefined;

  /** @param onChange called with the new state at each change; the state before the first one is "not ready" */
  constructor(
    private readonly repository: Pick<SessionRepository, 'ping'>,
    private readonly onChange: (ready: boolean) => void,
    private readonly logger: Logger,
  ) {}

  start(): void {
    this.timer = setInterval(() => this.look(), PING_INTERVAL_MS);
    this.look();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private look(): void {
    if (!this.pinging) void this.ping();
    this.judge();
  }

  private async ping(): Promise<void> {
    this.pinging = true;
    try {
      await this.repository.ping();
      this.answeredAt = performance.now();
      this.judge();
    } catch (error) {
      this.logger.debug({ err: error }, 'the store does not answer');
    } finally {
      this.pinging = false;
    }
  }

  private judge(): void {
    const ready = performance.now() - this.answeredAt < SILENCE_MS;
    if (ready === this.ready || this.timer === undefined) return;
    this.ready = ready;
    if (ready) this.logger.info('the store answers: serving');
    else this.logger.warn('the store has not answered for 5 s: not serving until it does');
    this.onChange(ready);
  }
}
