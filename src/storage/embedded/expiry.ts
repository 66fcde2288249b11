import { expiryOf, type Session } from '../../core/session';
import type { StoredSession } from './tables/records';
import type { SessionTable } from './tables/session-table';
import type { Transactions } from './transactions';

/** Sessions that one transaction looks at, at most. */
const AT_ONCE = 500;

/** Finds the sessions that have expired, in bounded steps. */
export class ExpiredSessions {
  constructor(
    private readonly transactions: Transactions,
    private readonly sessions: SessionTable,
    private readonly withLogHead: (session: StoredSession) => Session,
    private readonly writeTombstone: (session: StoredSession) => void,
  ) {}

  /** Buries them, and tells of each step's. @param signal ends it early */
  async *deleteExpired(retentionMs: number, signal: AbortSignal): AsyncGenerator<string[]> {
    for (const ended of [true, false]) {
      let after: StoredSession | undefined;
      do {
        const page = await this.transactions.write(() => this.buryPage(retentionMs, ended, after));
        yield page.buried;
        after = page.last;
      } while (after !== undefined && !signal.aborted);
    }
  }

  /** In a write transaction: some sessions, from the one after on. `last` is undefined where there are no more. */
  private buryPage(
    retentionMs: number,
    ended: boolean,
    after: StoredSession | undefined,
  ): { buried: string[]; last: StoredSession | undefined } {
    const now = Date.now();
    const old = this.sessions.listExpiring(new Date(now - retentionMs), ended, after, AT_ONCE);
    const expired = old.filter(
      (session) => (expiryOf(this.withLogHead(session), retentionMs)?.getTime() ?? Infinity) <= now,
    );
    for (const session of expired) this.writeTombstone(session);
    return {
      buried: expired.map(({ sessionId }) => sessionId),
      last: old.length === AT_ONCE ? old.at(-1) : undefined,
    };
  }
}
