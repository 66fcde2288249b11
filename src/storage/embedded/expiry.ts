import { lastActivityOf } from '../../core/session';
import type { ExpiryStore } from '../../core/store';
import type { StoreObserver } from '../../core/store-observer';
import { UnreadableRowError } from '../../core/unreadable-row';
import type { WatchRegistry } from '../../core/watch-registry';
import type { EventCleanup } from './event-cleanup';
import type { StoredSession } from './tables/records';
import type { Tables } from './tables/tables';
import type { Transactions } from './transactions';

/** What one transaction reads at most, apart from its last session. Other work waits while it runs. */
const STEP = { limit: 100, maximumBytes: 1024 * 1024 };

interface Step {
  /** IDs of the deleted sessions. */
  readonly deleted: readonly string[];
  /** The last session examined; undefined if there are no more. */
  readonly last: StoredSession | undefined;
}

export class EmbeddedExpiryStore implements ExpiryStore {
  constructor(
    private readonly transactions: Transactions,
    private readonly tables: Tables,
    private readonly cleanup: EventCleanup,
    private readonly watches: WatchRegistry,
    private readonly observer: StoreObserver,
  ) {}

  /** There is only this process's clock. */
  now(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  countUnchanged(since: Date, limit: number): Promise<number> {
    return this.transactions.read(() => this.tables.sessions.countUnchanged(since, limit));
  }

  async deleteInactive(since: Date, signal: AbortSignal): Promise<number> {
    let count = 0;
    for (const ended of [true, false]) {
      let after: StoredSession | undefined;
      do {
        const step = await this.transactions.write(() => this.deleteSome(since, ended, after));
        if (step.deleted.length > 0) this.cleanup.run();
        for (const sessionId of step.deleted) this.watches.notify(sessionId, 0);
        count += step.deleted.length;
        after = step.last;
      } while (after !== undefined && !signal.aborted);
    }
    return count;
  }

  /** Call in a write transaction. @param after the last session of the previous step */
  private deleteSome(since: Date, ended: boolean, after: StoredSession | undefined): Step {
    const { tables } = this;
    const candidates = tables.sessions.listUnchanged(since, ended, after, STEP, (error) =>
      this.observer.unreadableRow(error),
    );
    const expired = candidates.filter((session) => this.isUnused(session, since));
    for (const session of expired) tables.writeTombstone(session);
    return {
      deleted: expired.map(({ sessionId }) => sessionId),
      last: candidates.at(-1),
    };
  }

  /** False if the last event cannot be read: its time may be later than any that can. */
  private isUnused({ sessionId, changedAt }: StoredSession, since: Date): boolean {
    try {
      const lastEventAt = this.tables.events.findHead(sessionId)?.timestamp;
      return lastActivityOf({ changedAt, lastEventAt }) <= since;
    } catch (error) {
      if (!(error instanceof UnreadableRowError)) throw error;
      this.observer.unreadableRow(error);
      return false;
    }
  }
}
