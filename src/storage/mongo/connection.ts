import { setTimeout as sleep } from 'node:timers/promises';
import ConnectionString from 'mongodb-connection-string-url';
import { type Connection, type ConnectOptions, createConnection, mongo } from 'mongoose';
import { errorMessage } from '../../core/error-message';
import { storeUnavailable } from '../../core/errors';
import { StartupError } from '../../core/startup-error';
import type { Logger } from '../../telemetry/logger';
import { describeFaults, readCatalog } from './catalog';
import { completeDatabase } from './complete-database';
import { ConfirmedReads } from './confirmed-reads';
import type { DocumentWriter } from './document-writer';
import { chooseWriter } from './driver-internals';
import { isUnauthorized, toConversationError } from './errors';
import { Integrity } from './integrity';
import {
  defineModels,
  type EventDocument,
  type SessionDocument,
  type TombstoneDocument,
} from './documents/schema';
import { withQueryTimeout } from './query-timeout';
import { isRejected, lacking, missingFeatures } from './required-features';
import { DURABLE } from './write-options';

/** The database where the URI has none in its path. */
const DEFAULT_DATABASE = 'conversation';

/** The delay before the next attempt to connect, in milliseconds. */
const CONNECT_RETRY_DELAY_MS = 1000;

/** How often a build of missing indexes that takes longer is logged, in milliseconds. */
const BUILD_LOG_INTERVAL_MS = 5000;

/** The longest that a ping may take, in milliseconds. */
const PING_TIMEOUT_MS = 2000;

function connectOptions(uri: string): ConnectOptions {
  // The driver's own parser. The driver itself does not tell a missing name from its default, `test`.
  const { pathname } = new ConnectionString(uri);
  const hasDatabase = pathname !== '' && pathname !== '/';
  return {
    ...(hasDatabase ? {} : { dbName: DEFAULT_DATABASE }),
    appName: 'conversation-session-service',
    autoCreate: false,
    autoIndex: false,
    bufferCommands: false,
    readPreference: 'primary',
    readConcernLevel: 'majority',
    writeConcern: DURABLE,
    serverSelectionTimeoutMS: 3000,
    waitQueueTimeoutMS: 2000,
    // The heartbeat detects a frozen primary; this is its timeout too.
    connectTimeoutMS: 2000,
    heartbeatFrequencyMS: 2000,
  };
}

/** The connected database and its collections. */
export interface Database {
  /** Whether it is a replica set or a sharded cluster: only there can the primary change. */
  readonly replicated: boolean;
  readonly connection: Connection;
  readonly db: mongo.Db;
  /** The driver's collections, without the casts of the Mongoose models. */
  readonly sessions: mongo.Collection<SessionDocument>;
  /** The same collection as `sessions`, for the tombstones of deleted sessions. */
  readonly tombstones: mongo.Collection<TombstoneDocument>;
  readonly events: mongo.Collection<EventDocument>;
  readonly writer: DocumentWriter;
}

/** The connection to MongoDB: opened in the background, with retries, and kept alive by the driver from then on. */
export class MongoConnection {
  readonly integrity: Integrity;
  readonly confirmedReads = new ConfirmedReads(this);
  private readonly options: ConnectOptions;
  private connected: Database | undefined;
  private closing = false;

  /** @throws StartupError if the URI is malformed */
  constructor(
    private readonly uri: string,
    private readonly logger: Logger,
  ) {
    this.integrity = new Integrity(logger);
    try {
      this.options = connectOptions(uri);
      // Only parses the URI; it does not connect.
      new mongo.MongoClient(uri);
    } catch (error) {
      throw new StartupError(
        `MONGODB_URI is malformed: ${errorMessage(error)}; write it as mongodb://HOST:PORT/DATABASE?replicaSet=NAME or mongodb+srv://HOST/DATABASE`,
      );
    }
  }

  /**
   * Connects, checks the format version and creates the missing indexes, however long it takes until the database is reachable.
   *
   * @throws StartupError if the database rejects the user, has another format, an index cannot be created, or it lacks a feature
   */
  async open(): Promise<void> {
    while (!this.closing) {
      try {
        await this.openOnce();
        return;
      } catch (error) {
        if (isUnauthorized(error)) {
          throw new StartupError(
            `MongoDB rejects the user in MONGODB_URI: ${errorMessage(error)}; check user, password and authSource, and that the user has the readWrite role`,
          );
        }
        if (error instanceof StartupError) throw error;
        this.logger.warn(
          { err: error },
          'cannot reach MongoDB, retrying: check that it is running and that MONGODB_URI is correct',
        );
        await sleep(CONNECT_RETRY_DELAY_MS);
      }
    }
  }

  get isOpen(): boolean {
    return this.connected !== undefined;
  }

  /** @throws STORE_UNAVAILABLE until the first connection is established */
  get database(): Database {
    if (this.connected === undefined) throw storeUnavailable(new Error('not connected to MongoDB yet'));
    return this.connected;
  }

  /** Resolves when a primary replies. */
  async ping(): Promise<void> {
    try {
      await withQueryTimeout(this.database.connection.getClient().db().command({ ping: 1 }), PING_TIMEOUT_MS);
    } catch (error) {
      throw toConversationError(error);
    }
  }

  /** Returns the time by the clock of the database's primary, or of the router. */
  async now(): Promise<Date> {
    const { localTime } = await withQueryTimeout(this.database.db.command({ hello: 1 }), PING_TIMEOUT_MS);
    if (!(localTime instanceof Date)) throw new Error('the reply to hello has no localTime');
    return localTime;
  }

  async close(): Promise<void> {
    this.closing = true;
    this.integrity.stop();
    await this.connected?.connection.close(true);
  }

  private async openOnce(): Promise<void> {
    const connected = await this.connect();
    if (this.closing) await connected.connection.close(true);
    else this.connected = connected;
  }

  private async connect(): Promise<Database> {
    const connection = createConnection();
    try {
      await connection.openUri(this.uri, this.options);
      const { sessions, events } = defineModels(connection);
      const db = connection.getClient().db(connection.name);
      const hello = await db.command({ hello: 1 });
      const replicated = hello.setName !== undefined || hello.msg === 'isdbgrid';
      if (hello.isWritablePrimary !== true) throw new Error('the server in MONGODB_URI is not the primary');
      const database = {
        replicated,
        connection,
        db,
        sessions: db.collection<SessionDocument>(sessions.collection.name),
        tombstones: db.collection<TombstoneDocument>(sessions.collection.name),
        events: db.collection<EventDocument>(events.collection.name),
      };
      await prepare(database, this.logger);
      return { ...database, writer: await chooseWriter(database, this.logger) };
    } catch (error) {
      await connection.destroy(true).catch(() => undefined);
      throw error;
    }
  }
}

/** A database whose documents cannot be written yet. */
export type ConnectedDatabase = Omit<Database, 'writer'>;

/** Writes the format version, creates the missing indexes, and tries what else the service needs. @throws StartupError if that fails for good */
async function prepare(database: ConnectedDatabase, logger: Logger): Promise<void> {
  const problems = await complete(database, logger);
  if (problems.length === 0) problems.push(...(await missingFeatures(database)));
  if (problems.length > 0) throw new StartupError(problems.join('\n'));
}

async function complete(database: ConnectedDatabase, logger: Logger): Promise<string[]> {
  let reminder: NodeJS.Timeout | undefined;
  try {
    const catalog = await readCatalog(database.db);
    const line = `${describeFaults(catalog)}: still building what is missing; the database needs time and, in a replica set, a majority of its members`;
    reminder = setInterval(() => logger.warn(line), BUILD_LOG_INTERVAL_MS);
    return await completeDatabase(database, catalog);
  } catch (error) {
    if (!isRejected(error)) throw error;
    return [lacking('listCollections, listIndexes or createIndexes', error)];
  } finally {
    clearInterval(reminder);
  }
}
