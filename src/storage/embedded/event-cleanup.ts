import type { Tables } from './tables/tables';
import type { Transactions } from './transactions';

/** Rows that one transaction removes. Other work waits while it runs. */
const STEP_ROWS = 500;

/** Removes the events of deleted sessions in the background, in small steps. After a restart it continues where it stopped. */
export class EventCleanup {
  private running: Promise<void> | undefined;
  private stopped = false;

  constructor(
    private readonly transactions: Transactions,
    private readonly tables: Tables,
  ) {}

  /** Starts unless it is running. A failed commit ends it; the process exits then anyway. */
  run(): void {
    this.running ??= this.removeAll()
      .catch(() => undefined)
      .finally(() => (this.running = undefined));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.running;
  }

  private async removeAll(): Promise<void> {
    const { sessions, events } = this.tables;
    while (!this.stopped) {
      const removed = await this.transactions.write(() => {
        const [sessionId] = sessions.listUncleared(1);
        if (sessionId === undefined) return false;
        if (events.removeSome(sessionId, STEP_ROWS)) sessions.setCleared(sessionId);
        return true;
      });
      if (!removed) return;
    }
  }
}
