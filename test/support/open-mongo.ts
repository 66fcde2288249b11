import pino from 'pino';
import type { Store } from '../../src/core/store';
import { openMongoStore } from '../../src/storage/mongo/store';
import { Metrics } from '../../src/telemetry/metrics';
import { until } from './until';

/** A server's view of the database, once it answers. */
export async function openMongo(uri: string): Promise<Store> {
  let fatal: Error | undefined;
  const store = openMongoStore({
    uri,
    logger: pino({ level: 'silent' }),
    watchPollIntervalMs: 250,
    observer: new Metrics(),
    onFatal: (error) => (fatal = error),
  });
  await until('the store answers', async () => {
    if (fatal !== undefined) throw fatal;
    return store.ping().then(
      () => true,
      () => undefined,
    );
  });
  return store;
}
