import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, type ConnectOptions, createConnection, mongo } from 'mongoose';
import { storeUnavailable } from '../../core/errors';
import { StartupError } from '../../core/startup-error';
import type { Logger } from '../../telemetry/logger';
import { isIndexConflict, isRefusal, toConversationError } from './errors';
import {
  defineModels,
  type EventDocument,
  type SessionDocument,
  type TombstoneDocument,
} from './documents/schema';
import { withQueryTimeout } from './query-timeout';

/** The database where the URI names none. */
const DEFAULT_DATABASE = 'conversation';

/** How long to wait before the next attempt to reach a database that could not be, in milliseconds. */
const RETRY_MS = 1000;

/** How long a ping may take, in milliseconds. */
const PING_MS = 2000;

/**
 * What is acknowledged is on the disks of a majority. Each write says so for itself: what the URI says of
 * `journal` would win over the connection's.
 */
export const DURABLE = { w: 'majority', journal: true } as const;

/** Bytes are read as such, not as the library's `Binary`. */
const READ_OPTIONS = { promoteBuffers: true } as const;

function connectOptions(uri: string): ConnectOptions {
  const namesDatabase = /^[^:]+:\/\/[^/]*\/[^?]/.test(uri);
  return {
    ...(namesDatabase ? {} : { dbName: DEFAULT_DATABASE }),
    appName: 'conversation-session-service',
    autoCreate: false,
    autoIndex: false,
    bufferCommands: false,
    readPreference: 'primary',
    readConcernLevel: 'majority',
    writeConcern: DURABLE,
    retryReads: true,
    retryWrites: true,
    serverSelectionTimeoutMS: 3000,
    waitQueueTimeoutMS: 2000,
    // A frozen primary is noticed by its heartbeat, which waits for as long as a connection may take.
    connectTimeoutMS: 2000,
    heartbeatFrequencyMS: 2000,
  };
}

/** What the store works with once the database is there. */
export interface Database {
  /** Whether it is a replica set or a sharded cluster, where a primary can change. */
  readonly replicated: boolean;
  readonly connection: Connection;
  readonly db: mongo.Db;
  /** The collections under the Mongoose models: nothing is cast on the way. */
  readonly sessions: mongo.Collection<SessionDocument>;
  /** What is left of deleted sessions, among them. */
  readonly tombstones: mongo.Collection<TombstoneDocument>;
  readonly events: mongo.Collection<EventDocument>;
}

/** The connection to MongoDB: made in the background, tried again until it is there, and kept by the driver from then on. */
export class MongoConnection {
  private readonly options: ConnectOptions;
  private found: Database | undefined;
  private closing = false;

  /** @throws StartupError where the URI cannot be one */
  constructor(
    private readonly uri: string,
    private readonly logger: Logger,
  ) {
    this.options = connectOptions(uri);
    try {
      // Parses the URI, and connects to nothing.
      new mongo.MongoClient(uri);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new StartupError(
        `MONGODB_URI is malformed: ${why}; write it as mongodb://HOST:PORT/DATABASE?replicaSet=NAME or mongodb+srv://HOST/DATABASE`,
      );
    }
  }

  /**
   * Connects and makes the indexes, however long the database takes to be there.
   * @throws StartupError where it is there and refuses
   */
  async open(): Promise<void> {
    while (!this.closing) {
      try {
        this.found = await this.connect();
        return;
      } catch (error) {
        if (isRefusal(error)) {
          const why = error instanceof Error ? error.message : String(error);
          throw new StartupError(
            `MongoDB refuses what MONGODB_URI names: ${why}; check its user, password and authSource, and that the user may read and write`,
          );
        }
        if (isIndexConflict(error)) {
          const why = error instanceof Error ? error.message : String(error);
          throw new StartupError(
            `the indexes cannot be made in what MONGODB_URI names: ${why}; give the service a database of its own`,
          );
        }
        this.logger.warn(
          { err: error },
          'MongoDB cannot be reached, trying again: check that it runs and that MONGODB_URI names it',
        );
        await sleep(RETRY_MS);
      }
    }
  }

  get isReached(): boolean {
    return this.found !== undefined;
  }

  /** @throws STORE_UNAVAILABLE until the database has been reached for the first time */
  get database(): Database {
    if (this.found === undefined) throw storeUnavailable(new Error('MongoDB has not been reached yet'));
    return this.found;
  }

  /** Whether a primary answers. */
  async ping(): Promise<void> {
    try {
      await withQueryTimeout(this.database.connection.getClient().db().command({ ping: 1 }), PING_MS);
    } catch (error) {
      throw toConversationError(error);
    }
  }

  async close(): Promise<void> {
    this.closing = true;
    await this.found?.connection.close(true);
  }

  private async connect(): Promise<Database> {
    const connection = createConnection();
    try {
      await connection.openUri(this.uri, this.options);
      const { sessions, events } = defineModels(connection);
      await sessions.createIndexes();
      await events.createIndexes();
      const db = connection.getClient().db(connection.name);
      const hello = await db.command({ hello: 1 });
      const replicated = hello.setName !== undefined || hello.msg === 'isdbgrid';
      return {
        replicated,
        connection,
        db,
        sessions: db.collection<SessionDocument>(sessions.collection.name, READ_OPTIONS),
        tombstones: db.collection<TombstoneDocument>(sessions.collection.name),
        events: db.collection<EventDocument>(events.collection.name, READ_OPTIONS),
      };
    } catch (error) {
      await connection.destroy(true).catch(() => undefined);
      throw error;
    }
  }
}
