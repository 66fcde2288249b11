import { StartupError } from '../../core/startup-error';
import type { EventStore, SessionStore, Store } from '../../core/store';
import type { StoreObserver } from '../../core/store-observer';
import { WatchRegistry } from '../../core/watch-registry';
import type { Logger } from '../../telemetry/logger';
import { AppendQueues } from './append/append-queue';
import { LogHeads } from './append/log-heads';
import { MongoConnection } from './connection';
import { EventCleanup } from './events/event-cleanup';
import { EventFinder } from './events/event-finder';
import { EventReader } from './events/event-reader';
import { retryUntilKnown } from './retry';
import { ExpirySweep } from './sessions/expiry';
import { ExpiryMarks } from './sessions/expiry-marks';
import { SessionLister } from './sessions/session-lister';
import { SessionFinder } from './sessions/session-finder';
import { SessionWriter } from './sessions/session-writer';
import { ChangeStream } from './watch/change-stream';

export interface MongoStoreSettings {
  /** Names a replica set, a standalone server, or an SRV record. */
  readonly uri: string;
  readonly logger: Logger;
  readonly observer: StoreObserver;
  /** How often watches read a standalone server, which has no change streams, in milliseconds. */
  readonly watchPollIntervalMs: number;
  /** Called if the database rejects this service, so that waiting would not help. */
  readonly onFatal: (error: Error) => void;
}

/**
 * Opens the MongoDB store, which any number of servers may share. Returns at once and connects in
 * the background; until then every call ends with STORE_UNAVAILABLE.
 *
 * @throws StartupError if the URI is malformed
 */
export function openMongoStore({
  uri,
  logger,
  observer,
  watchPollIntervalMs,
  onFatal,
}: MongoStoreSettings): Store {
  const connection = new MongoConnection(uri, logger);
  const sessionFinder = new SessionFinder(connection);
  const eventFinder = new EventFinder(connection);
  const marks = new ExpiryMarks(connection);
  const heads = new LogHeads(sessionFinder, marks);
  const cleanup = new EventCleanup(connection, logger);
  const queues = new AppendQueues(connection, heads, eventFinder, cleanup, observer);
  const reader = new EventReader(connection, sessionFinder, eventFinder);
  const sweep = new ExpirySweep(connection, sessionFinder, marks, observer);
  const watches = new WatchRegistry();
  const changeStream = new ChangeStream(connection, watches, watchPollIntervalMs, logger);

  const startChecks = (): void => {
    if (!connection.isOpen) return;
    connection.integrity.start(connection.database, () => {
      heads.invalidateAll();
      watches.notifyAll();
    });
  };
  connection.open().then(startChecks, (error: unknown) => {
    onFatal(error instanceof Error ? error : new StartupError(String(error)));
  });

  // The change stream would notify this server's watchers too, but later.
  const notify = (sessionId: string): void => watches.notify(sessionId, 0);
  const afterDeletion = (sessionId: string): void => {
    heads.invalidate(sessionId);
    cleanup.run();
    notify(sessionId);
  };

  return {
    sessions: sessionStore(connection, sessionFinder, observer, notify, afterDeletion),
    events: eventStore(queues, reader, notify),
    watches: {
      watch(sessionId) {
        const watcher = watches.watch(sessionId);
        changeStream.start();
        return watcher;
      },
    },
    expiry: {
      now: () => connection.now(),
      countUnchanged: (since, limit) => sweep.countUnchanged(since, limit),
      deleteInactive: (since, signal) => sweep.run(since, signal, afterDeletion),
    },
    async ping() {
      await connection.ping();
      connection.integrity.throwIfDamaged();
    },
    async close() {
      changeStream.stop();
      await cleanup.stop();
      await connection.close();
    },
  };
}

function sessionStore(
  connection: MongoConnection,
  finder: SessionFinder,
  observer: StoreObserver,
  afterChange: (sessionId: string) => void,
  afterDeletion: (sessionId: string) => void,
): SessionStore {
  const writer = new SessionWriter(connection, finder);
  const lister = new SessionLister(connection, observer);
  return {
    create: (session, context) => writer.create(session, context),
    async complete(sessionId, end, context) {
      const completed = await writer.complete(sessionId, end, context);
      afterChange(sessionId);
      return completed;
    },
    async update(sessionId, change, context) {
      const updated = await writer.update(sessionId, change, context);
      afterChange(sessionId);
      return updated;
    },
    async delete(sessionId, context) {
      await writer.delete(sessionId, context);
      afterDeletion(sessionId);
    },
    list: (query, context) => retryUntilKnown(connection, context, () => lister.list(query)),
  };
}

function eventStore(
  queues: AppendQueues,
  reader: EventReader,
  afterAppend: (sessionId: string) => void,
): EventStore {
  return {
    async append(sessionId, events, context) {
      const appended = await queues.append(sessionId, events, context);
      afterAppend(sessionId);
      return appended;
    },
    get: (sessionId, eventId, context) => reader.get(sessionId, eventId, context),
    readPage: (sessionId, range, context) => reader.readPage(sessionId, range, context),
    readEvents: (sessionId, range, context) => reader.readEvents(sessionId, range, context),
    countBefore: (sessionId, time, context) => reader.countBefore(sessionId, time, context),
  };
}

/**
 * Checks or writes the format version and creates the indexes, as every server does at startup, and nothing else.
 *
 * @throws StartupError if the URI is malformed, or the database rejects this service or has another format
 */
export async function createMongoIndexes({
  uri,
  logger,
}: Pick<MongoStoreSettings, 'uri' | 'logger'>): Promise<void> {
  const connection = new MongoConnection(uri, logger);
  await connection.open();
  await connection.close();
}
