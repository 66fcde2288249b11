import pino from 'pino';
import type { Store } from '../../src/core/store';
import { openMongoStore } from '../../src/storage/mongo/store';
import type { Logger } from '../../src/telemetry/logger';
import { Metrics } from '../../src/telemetry/metrics';
import { until } from './until';

/** Opens a store on the database, and waits until the database answers. */
export async function openMongo(uri: string, logger: Logger = pino({ level: 'silent' })): Promise<Store> {
  let fatal: Error | undefined;
  const store = openMongoStore({
    uri,
    logger,
    watchPollIntervalMs: 250,
    observer: new Metrics(),
    onFatal: (error) => (fatal = error),
  });
  await until('the store is available', async () => {
    if (fatal !== undefined) {
      await store.close();
      throw fatal;
    }
    return store.ping().then(
      () => true,
      () => undefined,
    );
  });
  return store;
}
