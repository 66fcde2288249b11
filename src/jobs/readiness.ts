import type { Store } from '../core/store';
import type { Logger } from '../telemetry/logger';

/** How long after an answer, and after none, the store is asked again, in milliseconds. */
const PING_INTERVAL_MS = 1000;
const WAITING_INTERVAL_MS = 100;

/** How long the store may be silent before the server says that it is not ready: an election passes unnoticed. */
const SILENCE_MS = 5000;

/** Asks the store again and again whether it answers, and tells when that changes. */
export class Readiness {
  private ready = false;
  private stopped = false;
  private nextPing: NodeJS.Timeout | undefined;
  private silence: NodeJS.Timeout | undefined;

  /** @param onChange called with the new state at each change; the state before the first one is "not ready" */
  constructor(
    private readonly store: Pick<Store, 'ping'>,
    private readonly onChange: (ready: boolean) => void,
    private readonly logger: Logger,
  ) {}

  start(): void {
    void this.ask();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.nextPing);
    clearTimeout(this.silence);
  }

  private async ask(): Promise<void> {
    let answered = true;
    try {
      await this.store.ping();
    } catch (error) {
      answered = false;
      this.logger.debug({ err: error }, 'the store does not answer');
    }
    if (this.stopped) return;
    if (answered) {
      clearTimeout(this.silence);
      this.silence = setTimeout(() => this.become(false), SILENCE_MS);
      this.become(true);
    }
    this.nextPing = setTimeout(() => void this.ask(), answered ? PING_INTERVAL_MS : WAITING_INTERVAL_MS);
  }

  private become(ready: boolean): void {
    if (ready === this.ready) return;
    this.ready = ready;
    if (ready) this.logger.info('the store answers: serving');
    else this.logger.warn('the store has not answered for 5 s: not serving until it does');
    this.onChange(ready);
  }
}
