import type { Store } from '../core/store';
import type { StoreObserver } from '../core/store-observer';
import type { Logger } from '../telemetry/logger';

export interface StoreSettings {
  /** Undefined: the embedded store. */
  readonly mongodbUri: string | undefined;
  /** How often watches poll a standalone MongoDB, in milliseconds. */
  readonly watchPollIntervalMs: number;
  /** Folder of the embedded store. */
  readonly dataDir: string;
  /** Free disk space below which the embedded store refuses writes. */
  readonly minFreeDiskBytes: number;
}

/**
 * Opens the store that the settings choose. Only that store's libraries are loaded: the other's would
 * cost memory and startup time.
 *
 * @param onFatal called when the store can never answer again in this process
 * @throws StartupError
 */
export async function openStore(
  { mongodbUri, watchPollIntervalMs, dataDir, minFreeDiskBytes }: StoreSettings,
  logger: Logger,
  observer: StoreObserver,
  onFatal: (error: Error) => void,
): Promise<Store> {
  if (mongodbUri !== undefined) {
    const { openMongoStore } = await import('./mongo/store');
    return openMongoStore({ uri: mongodbUri, watchPollIntervalMs, logger, observer, onFatal });
  }
  const { openEmbeddedStore } = await import('./embedded/store');
  return openEmbeddedStore({ folder: dataDir, minFreeDiskBytes, logger, observer, onFatal });
}
