import type { Store } from '../../core/store';
import type { StoreObserver } from '../../core/store-observer';
import { WatchRegistry } from '../../core/watch-registry';
import type { Logger } from '../../telemetry/logger';
import { DiskSpace } from './disk-space';
import { openEnvironment } from './environment';
import { EventCleanup } from './event-cleanup';
import { EmbeddedEventStore } from './events';
import { EmbeddedExpiryStore } from './expiry';
import { EmbeddedSessionStore } from './sessions';
import { Transactions } from './transactions';
import { Turns } from './turns';

export interface EmbeddedStoreSettings {
  /** Created if it does not exist. */
  readonly folder: string;
  /** Free disk space below which writes are rejected. */
  readonly minFreeDiskBytes: number;
  readonly logger: Logger;
  readonly observer: StoreObserver;
  /** Called once, when a commit has failed or the data file is lost: this process can acknowledge no more writes. */
  readonly onFatal: (error: Error) => void;
}

/** Opens the LMDB store: one process, one data file, synced before every acknowledgement. @throws StartupError */
export async function openEmbeddedStore({
  folder,
  minFreeDiskBytes,
  logger,
  observer,
  onFatal,
}: EmbeddedStoreSettings): Promise<Store> {
  const environment = await openEnvironment(folder, () =>
    logger.warn(
      { folder },
      'the previous process ended without closing the store, as after SIGKILL or a power failure: what it acknowledged is stored. If the service keeps ending without a message, stop it and run: npm run check-store',
    ),
  );
  const { root, tables, guard } = environment;
  const transactions = new Transactions(root, guard, onFatal, () =>
    observer.committed(tables.takeAppendedCount()),
  );
  const disk = new DiskSpace(environment.folder, minFreeDiskBytes);
  const cleanup = new EventCleanup(transactions, tables);
  const watches = new WatchRegistry();
  const turns = new Turns();
  cleanup.run();
  return {
    sessions: new EmbeddedSessionStore(transactions, tables, disk, cleanup, watches, observer, turns),
    events: new EmbeddedEventStore(transactions, tables, disk, watches, turns),
    watches,
    expiry: new EmbeddedExpiryStore(transactions, tables, cleanup, watches, observer),
    ping: () => transactions.read(() => undefined),
    async close() {
      await cleanup.stop();
      await environment.close();
    },
  };
}
