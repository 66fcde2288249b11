import type { EventTable } from './tables/event-table';
import type { SessionTable } from './tables/session-table';
import type { Transactions } from './transactions';

/** Events and their bytes that are removed in one transaction: while it runs, nothing else does. */
const STEP_EVENTS = 500;
const STEP_BYTES = 4 * 1024 * 1024;

/** Removes the events of deleted sessions in the background, some at a time; what a stop leaves is gone on with at the next start. */
export class EventCleanup {
  private running: Promise<void> | undefined;
  private stopped = false;

  constructor(
    private readonly transactions: Transactions,
    private readonly sessions: SessionTable,
    private readonly events: EventTable,
  ) {}

  /** Begins, where it has not. A failed commit ends it: the process ends too. */
  run(): void {
    this.running ??= this.clearAll()
      .catch(() => undefined)
      .finally(() => (this.running = undefined));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  private async clearAll(): Promise<void> {
    while (!this.stopped) {
      const cleared = await this.transactions.write(() => {
        const [sessionId] = this.sessions.listUncleared(1);
        if (sessionId === undefined) return false;
        if (this.events.removeFirst(sessionId, STEP_EVENTS, STEP_BYTES)) this.sessions.setCleared(sessionId);
        return true;
      });
      if (!cleared) return;
    }
  }
}
