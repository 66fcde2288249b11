import { TOMBSTONE_MS } from '../../../core/store';
import type { Logger } from '../../../telemetry/logger';
import { type Database, DURABLE, type MongoConnection } from '../connection';
import { BY_DELETION, BY_SEQUENCE, BY_UNCLEARED, type TombstoneDocument } from '../documents/schema';
import { QUERY_TIMEOUT_MS } from '../query-timeout';

/** Events that are removed in one step. */
const STEP_EVENTS = 1000;

/** How often a server looks for what others have left, in milliseconds. */
const INTERVAL_MS = 5000;

/**
 * After a deletion another server may take events for 5 s yet, and a write of it may last: its
 * events are looked for once more when this is over, in milliseconds.
 */
const LATE_WRITES_MS = 20_000;

const REMOVE = { maxTimeMS: QUERY_TIMEOUT_MS, writeConcern: DURABLE } as const;

/** Removes the events of deleted sessions in the background. Every server does: what one leaves another goes on with. */
export class EventCleanup {
  private readonly interval: NodeJS.Timeout;
  private running: Promise<void> | undefined;
  private again = false;
  private stopped = false;

  constructor(
    private readonly connection: MongoConnection,
    private readonly logger: Logger,
  ) {
    this.interval = setInterval(() => this.run(), INTERVAL_MS);
  }

  /** Begins, or has what is under way look once more. */
  run(): void {
    this.again = true;
    this.running ??= this.clearAll()
      .catch((error: unknown) => this.logger.debug({ err: error }, 'deleted sessions are cleared later'))
      .finally(() => (this.running = undefined));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.interval);
    await this.running;
  }

  private async clearAll(): Promise<void> {
    while (this.again && !this.stopped && this.connection.isOpen) {
      this.again = false;
      const { database } = this.connection;
      const uncleared = database.tombstones.find(
        { uncleared: { $lte: new Date() } },
        { sort: BY_UNCLEARED, hint: BY_UNCLEARED, maxTimeMS: QUERY_TIMEOUT_MS },
      );
      for await (const tombstone of uncleared) await this.clearOne(database, tombstone);
      const forgotten = {
        deletedAt: { $lt: new Date(Date.now() - TOMBSTONE_MS) },
        uncleared: { $exists: false },
      };
      await database.tombstones.deleteMany(forgotten, { ...REMOVE, hint: BY_DELETION });
    }
  }

  private async clearOne(
    { events, tombstones }: Database,
    { _id, sessionId, deletedAt }: TombstoneDocument,
  ): Promise<void> {
    for (;;) {
      if (this.stopped) return;
      const [first] = await events
        .find(
          { sessionId },
          {
            ...{ sort: BY_SEQUENCE, hint: BY_SEQUENCE, limit: 1 },
            projection: { _id: 0, sequence: 1 },
            maxTimeMS: QUERY_TIMEOUT_MS,
          },
        )
        .toArray();
      if (first === undefined) break;
      const step = { sessionId, sequence: { $lt: first.sequence + STEP_EVENTS } };
      await events.deleteMany(step, { ...REMOVE, hint: BY_SEQUENCE });
    }
    const again = deletedAt.getTime() + LATE_WRITES_MS;
    const next = Date.now() < again ? new Date(again) : '$$REMOVE';
    await tombstones.updateOne({ _id, sessionId }, [{ $set: { uncleared: next } }], REMOVE);
  }
}
