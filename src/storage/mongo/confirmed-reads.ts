import { setTimeout as sleep } from 'node:timers/promises';
import type { MongoConnection } from './connection';
import { QUERY_TIMEOUT_MS, withQueryTimeout } from './query-timeout';

/** The longest delay between two requests to sync the journal, in milliseconds. */
const MAX_DELAY_MS = 100;

/** The options of a read that sees everything that was acknowledged before it. */
export interface ConfirmedReadOptions {
  readonly readConcern: 'linearizable' | 'local';
  readonly maxTimeMS: number;
}

/**
 * Reads that see everything that was acknowledged before them. A majority read on a new primary, or on a
 * former one, may lack some of it.
 *
 * A linearizable read waits until a majority has journaled an entry that the primary writes for it. Where
 * the primary's own journal is needed for that, as in a set of one member, it would wait for the timer
 * that syncs the journal every 100 ms. So the database is asked to sync it, once at a time for all reads
 * that wait, by an update that matches nothing.
 */
export class ConfirmedReads {
  private waiting = 0;
  private syncing = false;
  /** Since the last read began. */
  private syncs = 0;

  constructor(private readonly connection: Pick<MongoConnection, 'database'>) {}

  async run<Result>(read: (options: ConfirmedReadOptions) => Promise<Result>): Promise<Result> {
    const maxTimeMS = QUERY_TIMEOUT_MS;
    if (!this.connection.database.replicated) return read({ readConcern: 'local', maxTimeMS });
    this.waiting += 1;
    this.syncs = 0;
    try {
      const reply = withQueryTimeout(read({ readConcern: 'linearizable', maxTimeMS }));
      if (!this.syncing) void this.syncWhileAwaited();
      return await reply;
    } finally {
      this.waiting -= 1;
    }
  }

  /** The first sync can come before the primary has written the entry of a read, so a second one follows at once. */
  private async syncWhileAwaited(): Promise<void> {
    this.syncing = true;
    while (this.waiting > 0) {
      this.syncs += 1;
      // A read whose sync fails waits for the timer.
      await this.syncJournal().catch(() => undefined);
      if (this.syncs > 1) await sleep(Math.min(2 ** this.syncs, MAX_DELAY_MS));
    }
    this.syncing = false;
  }

  /** Without a shard key it reaches all shards. */
  private async syncJournal(): Promise<void> {
    const { sessions } = this.connection.database;
    await withQueryTimeout(
      sessions.updateMany(
        { _id: { $type: 'null' } },
        // Changes nothing, whatever it matches.
        { $setOnInsert: { endReason: '' } },
        { hint: { _id: 1 }, maxTimeMS: QUERY_TIMEOUT_MS, writeConcern: { w: 1, journal: true } },
      ),
    );
  }
}
