import { StartupError } from '../../core/startup-error';
import type { StoreObserver } from '../../core/store-observer';
import type { Logger } from '../../telemetry/logger';
import { MongoConnection } from './connection';
import { MongoSessionRepository } from './store';

export interface MongoStoreSettings {
  /** A replica set, a standalone server, or mongodb+srv. */
  readonly uri: string;
  readonly logger: Logger;
  readonly observer: StoreObserver;
  /** How often watches look on a standalone server, which has no change streams, in milliseconds. */
  readonly watchPollIntervalMs: number;
  /** Called where the database turns out to refuse this service: waiting does not help. */
  readonly onFatal: (error: Error) => void;
}

/**
 * Returns at once; the database is reached in the background, however long it
 * takes, and until then every call ends with STORE_UNAVAILABLE.
 *
 * @throws StartupError where the URI cannot be one
 */
export function openMongoStore({
  uri,
  logger,
  observer,
  watchPollIntervalMs,
  onFatal,
}: MongoStoreSettings): MongoSessionRepository {
  const connection = new MongoConnection(uri, logger);
  connection.open().catch((error: unknown) => {
    onFatal(error instanceof Error ? error : new StartupError(String(error)));
  });
  return new MongoSessionRepository(connection, watchPollIntervalMs, logger, observer);
}

/**
 * Makes the indexes, as every server does when it starts, and nothing else.
 *
 * @throws StartupError where the URI cannot be one, or the database refuses
 */
export async function createMongoIndexes({
  uri,
  logger,
}: Pick<MongoStoreSettings, 'uri' | 'logger'>): Promise<void> {
  const connection = new MongoConnection(uri, logger);
  await connection.open();
  await connection.close();
}
