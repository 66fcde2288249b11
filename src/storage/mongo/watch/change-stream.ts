import { setTimeout as sleep } from 'node:timers/promises';
import { mongo } from 'mongoose';
import type { WatchRegistry } from '../../../core/watch-registry';
import type { Logger } from '../../../telemetry/logger';
import type { Database, MongoConnection } from '../connection';
import { PrimaryMonitor } from './primary-monitor';
import { QUERY_TIMEOUT_MS } from '../query-timeout';

/** How long the database may hold a question of the stream, in milliseconds: an idle stream costs one each time. */
const AWAIT_MS = 1000;

/** How long to wait before the stream is opened anew after a failure, in milliseconds. */
const REOPEN_MS = 500;

/** How long the stream stays open when nobody watches any more, in milliseconds, at least. */
const LINGER_MS = 5000;

/** What the stream tells of a row. */
interface Change {
  readonly sessionId?: string;
  /** Of an event. */
  readonly sequence?: number;
}

type EventStream = mongo.ChangeStream<mongo.Document, Change>;

/** Wakes the watches of this server: by one change stream for all of them; on a standalone server, which has none, by the clock. */
export class ChangeStream {
  private running = false;
  private stream: EventStream | undefined;
  private stopped = false;

  /** @param pollMs how often watches look on a standalone server, in milliseconds */
  constructor(
    private readonly connection: MongoConnection,
    private readonly watches: WatchRegistry,
    private readonly pollMs: number,
    private readonly logger: Logger,
  ) {}

  /** Begins, where it has not. */
  start(): void {
    if (!this.running) void this.run();
  }

  /** A question that is under way is cut with the connection. */
  stop(): void {
    this.stopped = true;
    this.stream?.close().catch(() => undefined);
  }

  private async run(): Promise<void> {
    this.running = true;
    while (!this.stopped && !this.watches.isEmpty) {
      try {
        const { database } = this.connection;
        if (database.replicated) await this.follow(database);
        else await this.poll();
      } catch (error) {
        this.logger.debug({ err: error }, 'the change stream ended and is opened anew');
        await sleep(REOPEN_MS);
      }
    }
    this.running = false;
  }

  private async poll(): Promise<void> {
    await sleep(this.pollMs);
    this.watches.notifyAll();
  }

  /**
   * The stream begins at a time, and every watch looks once when a majority has all from before
   * it: so nothing is missed between a look and the stream, and no token needs to be resumed.
   */
  private async follow(database: Database): Promise<void> {
    const changed = new PrimaryMonitor(database.connection.getClient());
    let stream: EventStream | undefined;
    try {
      stream = await this.openStream(database);
      this.stream = stream;
      // A stream stays with its server, and a former primary may be far behind: it is left for the new one.
      await Promise.race([this.read(stream), changed.changed]);
    } finally {
      changed.close();
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
      { startAtOperationTime, maxAwaitTimeMS: AWAIT_MS },
    );
    await db.command({
      ...{ find: sessions.collectionName, filter: { sessionId: '' }, limit: 1, maxTimeMS: QUERY_TIMEOUT_MS },
      readConcern: { level: 'majority', afterClusterTime: startAtOperationTime },
    });
    this.watches.notifyAll();
    return stream;
  }

  /** Until nobody has watched for a while. */
  private async read(stream: EventStream): Promise<void> {
    let watchedAt = performance.now();
    for await (const change of stream) {
      if (change.sessionId !== undefined) this.watches.notify(change.sessionId, change.sequence ?? 0);
      if (!this.watches.isEmpty) watchedAt = performance.now();
      else if (performance.now() - watchedAt > LINGER_MS) return;
    }
  }
}

function timestampOf(value: unknown): mongo.Timestamp {
  if (value instanceof mongo.Timestamp) return value;
  throw new Error('the database tells no time of its operations');
}
