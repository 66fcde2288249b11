import { TOMBSTONE_MS } from '../../core/session-repository';
import type { Logger } from '../../telemetry/logger';
import { type Database, DURABLE, type MongoConnection } from './connection';
import type { TombstoneDocument } from './schemas';
import { ASK_MS } from './time-limit';

/** Events that are removed in one step. */
const STEP_EVENTS = 1000;

/** How often a server looks for what others have left, in milliseconds. */
const INTERVAL_MS = 5000;

/**
 * After a deletion another server may take events for 5 s yet, and a write of it may last: its
 * events are looked for once more when this is over, in milliseconds.
 */
const LATE_WRITES_MS = 20_000;

const REMOVE = { maxTimeMS: ASK_MS, writeConcern: DURABLE } as const;

/** Removes the events of deleted sessions in the background. Every server does: what one leaves another goes on with. */
export class DeletedEvents {
  private readonly interval: NodeJS.Timeout;
  private running: Promise<void> | undefined;
  private again = false;
  private stopped = false;

  constructor(
    private readonly connection: MongoConnection,
    private readonly logger: Logger,
  ) {
    this.interval = setInterval(() => this.clear(), INTERVAL_MS);
  }

  /** Begins, or has what is under way look once more. */
  clear(): void {
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
    while (this.again && !this.stopped && this.connection.isReached) {
      this.again = false;
      const { database } = this.connection;
      const uncleared = database.tombstones.find(
        { uncleared: { $type: 'date' } },
        { sort: { uncleared: 1 }, maxTimeMS: ASK_MS },
      );
      for await (const tombstone of uncleared) await this.clearOne(database, tombstone);
      const forgotten = new Date(Date.now() - TOMBSTONE_MS);
      await database.tombstones.deleteMany({ deletedAt: { $lt: forgotten } }, REMOVE);
    }
  }

  private async clearOne(
    { events, tombstones }: Database,
    { _id, sessionId, deletedAt }: TombstoneDocument,
  ): Promise<void> {
    for (;;) {
      if (this.stopped) return;
      const [last] = await events
        .find({ sessionId }, { sort: { sequence: 1 }, projection: { sequence: 1 }, maxTimeMS: ASK_MS })
        .skip(STEP_EVENTS - 1)
        .limit(1)
        .toArray();
      const step = last === undefined ? { sessionId } : { sessionId, sequence: { $lte: last.sequence } };
      await events.deleteMany(step, REMOVE);
      if (last === undefined) break;
    }
    if (Date.now() < deletedAt.getTime() + LATE_WRITES_MS) return;
    await tombstones.updateOne({ _id, sessionId }, { $unset: { uncleared: '' } }, REMOVE);
  }
}
