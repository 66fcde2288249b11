import { TOMBSTONE_MS } from '../../../core/store';
import type { Logger } from '../../../telemetry/logger';
import type { Database, MongoConnection } from '../connection';
import { isCounter, isDate, isObjectId, isString, type Unchecked } from '../documents/check-row';
import { BY_DELETION, BY_SEQUENCE, BY_UNCLEARED, type TombstoneDocument } from '../documents/schema';
import { QUERY_TIMEOUT_MS, withQueryTimeout } from '../query-timeout';
import { WRITE } from '../write-options';

/** Events removed by one command. */
const STEP_EVENTS = 1000;

/** How often a server looks for events that other servers left, in milliseconds. */
const INTERVAL_MS = 5000;

/**
 * When events are removed a second time after a deletion, in milliseconds. Another server may
 * accept events for 5 s more, from its cached log head, and its writes take time.
 */
const LATE_WRITES_MS = 20_000;

/** Removes the events of deleted sessions in the background. Every server does this, so one continues where another stopped. */
export class EventCleanup {
  private readonly interval: NodeJS.Timeout;
  private running: Promise<void> | undefined;
  /** The epoch of `Integrity` in which the tombstones were read. */
  private epoch = 0;
  private runAgain = false;
  private stopped = false;

  constructor(
    private readonly connection: MongoConnection,
    private readonly logger: Logger,
  ) {
    this.interval = setInterval(() => this.run(), INTERVAL_MS);
  }

  /** Starts, or makes a run in progress check once more. */
  run(): void {
    this.runAgain = true;
    this.running ??= this.removeAll()
      .catch((error: unknown) =>
        this.logger.debug(
          { err: error },
          'the events of deleted sessions could not be removed; retrying later',
        ),
      )
      .finally(() => (this.running = undefined));
  }

  /** Removes the events of a deleted session once more: one may have been stored after the removals. */
  async removeAgain(sessionId: string): Promise<void> {
    const { tombstones } = this.connection.database;
    const deleted = { sessionId, deletedAt: { $type: 'date' } } as const;
    await withQueryTimeout(tombstones.updateOne(deleted, { $set: { uncleared: new Date() } }, WRITE));
    this.run();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.interval);
    await this.running;
  }

  private async removeAll(): Promise<void> {
    while (this.runAgain && !this.stopped && this.connection.isOpen) {
      this.runAgain = false;
      const { database, integrity } = this.connection;
      this.epoch = await integrity.confirm();
      const uncleared = database.tombstones.find(
        { uncleared: { $lte: new Date() } },
        { sort: BY_UNCLEARED, hint: BY_UNCLEARED, maxTimeMS: QUERY_TIMEOUT_MS },
      );
      for await (const tombstone of this.readable(uncleared)) await this.clear(database, tombstone);
      const expired = database.tombstones.find(
        { deletedAt: { $lt: new Date(Date.now() - TOMBSTONE_MS) }, uncleared: { $exists: false } },
        { hint: BY_DELETION, maxTimeMS: QUERY_TIMEOUT_MS },
      );
      for await (const tombstone of this.readable(expired)) await this.purge(database, tombstone);
    }
  }

  /** Passes over tombstones that this service did not write. */
  private async *readable(
    rows: AsyncIterable<Unchecked<TombstoneDocument>>,
  ): AsyncGenerator<TombstoneDocument> {
    for await (const row of rows) {
      const { _id, sessionId, deletedAt } = row;
      if (isObjectId(_id) && isString(sessionId) && isDate(deletedAt)) yield { _id, sessionId, deletedAt };
      else this.logger.debug({ _id, sessionId }, 'a tombstone cannot be read; its events stay');
    }
  }

  /** Removes a tombstone, and first any event that was stored after its removals: the ID may be used again from here on. */
  private async purge(database: Database, { _id, sessionId }: TombstoneDocument): Promise<void> {
    if (await this.removeEvents(database, sessionId))
      await database.tombstones.deleteOne({ _id, sessionId }, WRITE);
  }

  private async clear(database: Database, { _id, sessionId, deletedAt }: TombstoneDocument): Promise<void> {
    if (!(await this.removeEvents(database, sessionId))) return;
    const secondRun = deletedAt.getTime() + LATE_WRITES_MS;
    const next = Date.now() < secondRun ? new Date(secondRun) : '$$REMOVE';
    await database.tombstones.updateOne({ _id, sessionId }, [{ $set: { uncleared: next } }], WRITE);
  }

  /** Returns whether all are removed; false if it was stopped. */
  private async removeEvents({ events }: Database, sessionId: string): Promise<boolean> {
    for (;;) {
      if (this.stopped) return false;
      // A restore may have brought the session back.
      await this.connection.integrity.confirmStill(this.epoch);
      const [first] = await events
        .find(
          { sessionId },
          {
            ...{ sort: BY_SEQUENCE, hint: BY_SEQUENCE, limit: 1 },
            projection: { sequence: 1 },
            maxTimeMS: QUERY_TIMEOUT_MS,
          },
        )
        .toArray();
      if (first === undefined) return true;
      const step = isCounter(first.sequence)
        ? { sessionId, sequence: { $lt: first.sequence + STEP_EVENTS } }
        : { sessionId, _id: first._id };
      await events.deleteMany(step, { ...WRITE, hint: BY_SEQUENCE });
    }
  }
}
