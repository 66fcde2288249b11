import { IntegrityError } from '../core/integrity-error';
import type { Store } from '../core/store';
import type { Logger } from '../telemetry/logger';

/** How long after a successful and after a failed ping the next one follows, in milliseconds. */
const PING_INTERVAL_MS = 1000;
const RETRY_INTERVAL_MS = 100;

/** How long pings may fail before the server is not ready, in milliseconds: long enough for an election to pass unnoticed. */
const TOLERANCE_MS = 5000;

/** Pings the store regularly and reports whether the server is ready. A store that lacks something is not tolerated. */
export class Readiness {
  private ready = false;
  private stopped = false;
  private nextPing: NodeJS.Timeout | undefined;
  private tolerance: NodeJS.Timeout | undefined;

  /** @param onChange called with the new state at each change; the initial state is "not ready" */
  constructor(
    private readonly store: Pick<Store, 'ping'>,
    private readonly onChange: (ready: boolean) => void,
    private readonly logger: Logger,
  ) {}

  get isReady(): boolean {
    return this.ready;
  }

  start(): void {
    void this.ping();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.nextPing);
    clearTimeout(this.tolerance);
  }

  private async ping(): Promise<void> {
    let answered = true;
    try {
      await this.store.ping();
    } catch (error) {
      answered = false;
      this.logger.debug({ err: error }, 'the store does not answer');
      if (isDamaged(error)) this.setReady(false, 'the store is not what it must be: not serving until it is');
    }
    if (this.stopped) return;
    if (answered) {
      clearTimeout(this.tolerance);
      this.tolerance = setTimeout(
        () => this.setReady(false, 'the store has not answered for 5 s: not serving until it does'),
        TOLERANCE_MS,
      );
      this.setReady(true, 'the store answers: serving');
    }
    this.nextPing = setTimeout(() => void this.ping(), answered ? PING_INTERVAL_MS : RETRY_INTERVAL_MS);
  }

  private setReady(ready: boolean, reason: string): void {
    if (ready === this.ready) return;
    this.ready = ready;
    if (ready) this.logger.info(reason);
    else this.logger.warn(reason);
    this.onChange(ready);
  }
}

function isDamaged(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof IntegrityError;
}
