import { setTimeout as sleep } from 'node:timers/promises';
import { mongo } from 'mongoose';
import type { WatchRegistry } from '../../../core/watch-registry';
import type { Logger } from '../../../telemetry/logger';
import type { Database, MongoConnection } from '../connection';
import { PrimaryMonitor } from './primary-monitor';
import { QUERY_TIMEOUT_MS } from '../query-timeout';

/** How long the database waits for changes before it replies to a `getMore`, in milliseconds: an idle stream costs one query each time. */
const MAX_AWAIT_MS = 1000;

/** The delay before the stream is reopened after a failure, in milliseconds. */
const REOPEN_DELAY_MS = 500;

/** The least time that the stream stays open after its last watcher has gone, in milliseconds. */
const LINGER_MS = 5000;

/** What the stream's pipeline projects of a changed document. */
interface Change {
  readonly sessionId?: string;
  /** Present for events only. */
  readonly sequence?: number;
}

type EventStream = mongo.ChangeStream<mongo.Document, Change>;

/** Notifies this server's watchers: from one change stream for all of them, or by polling on a standalone server, which has no change streams. */
export class ChangeStream {
  private running = false;
  private stream: EventStream | undefined;
  private stopped = false;

  /** @param pollIntervalMs how often watchers are notified on a standalone server, in milliseconds */
  constructor(
    private readonly connection: MongoConnection,
    private readonly watchers: WatchRegistry,
    private readonly pollIntervalMs: number,
    private readonly logger: Logger,
  ) {}

  /** Does nothing if it is running. */
  start(): void {
    if (!this.running) void this.run();
  }

  /** A query in flight ends when the connection is closed. */
  stop(): void {
    this.stopped = true;
    this.stream?.close().catch(() => undefined);
  }

  private async run(): Promise<void> {
    this.running = true;
    while (!this.stopped && !this.watchers.isEmpty) {
      try {
        const { database } = this.connection;
        if (database.replicated) await this.follow(database);
        else await this.poll();
      } catch (error) {
        this.logger.debug({ err: error }, 'the change stream failed; reopening');
        await sleep(REOPEN_DELAY_MS);
      }
    }
    this.running = false;
  }

  private async poll(): Promise<void> {
    await sleep(this.pollIntervalMs);
    this.watchers.notifyAll();
  }

  /**
   * The stream starts at an operation time, and every watcher is notified once a majority has
   * everything before it. So nothing is missed between a watcher's read and the stream, and no
   * resume token is needed.
   */
  private async follow(database: Database): Promise<void> {
    const primary = new PrimaryMonitor(database.connection.getClient());
    let stream: EventStream | undefined;
    try {
      stream = await this.openStream(database);
      this.stream = stream;
      // A stream stays on its server, and a former primary may lag far behind: reopen it on the new one.
      await Promise.race([this.read(stream), primary.changed]);
    } finally {
      primary.close();
      this.stream = undefined;
      stream?.close().catch(() => undefined);
    }
  }

  private async openStream({ db, sessions, events }: Database): Promise<EventStream> {
    const startAtOperationTime = timestampOf((await db.command({ ping: 1 })).operationTime);
    const stream = db.watch<mongo.Document, Change>(
      [
        {
          $match: {
            operationType: { $in: ['insert', 'replace'] },
            'ns.coll': { $in: [sessions.collectionName, events.collectionName] },
          },
        },
        { $project: { sessionId: '$fullDocument.sessionId', sequence: '$fullDocument.sequence' } },
      ],
      { startAtOperationTime, maxAwaitTimeMS: MAX_AWAIT_MS },
    );
    await Promise.all(
      [sessions.collectionName, events.collectionName].map((collection) =>
        untilMajorityHas(db, collection, startAtOperationTime),
      ),
    );
    this.watchers.notifyAll();
    return stream;
  }

  /** Returns once there have been no watchers for a while. */
  private async read(stream: EventStream): Promise<void> {
    let lastWatchedAt = performance.now();
    for await (const change of stream) {
      if (change.sessionId !== undefined) this.watchers.notify(change.sessionId, change.sequence ?? 0);
      if (!this.watchers.isEmpty) lastWatchedAt = performance.now();
      else if (performance.now() - lastWatchedAt > LINGER_MS) return;
    }
  }
}

/**
 * Waits until reads of the collection see everything before this time. The filter has no shard key, so a
 * router sends the query to every shard of the collection, and the order makes it wait for all of them.
 */
async function untilMajorityHas(db: mongo.Db, collection: string, time: mongo.Timestamp): Promise<void> {
  await db.command({
    ...{ find: collection, filter: { _id: { $type: 'null' } }, hint: { _id: 1 }, sort: { _id: 1 }, limit: 1 },
    readConcern: { level: 'majority', afterClusterTime: time },
    maxTimeMS: QUERY_TIMEOUT_MS,
  });
}

function timestampOf(value: unknown): mongo.Timestamp {
  if (value instanceof mongo.Timestamp) return value;
  throw new Error('the reply to ping has no operationTime');
}
