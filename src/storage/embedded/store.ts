import type { Store } from '../../core/store';
import type { StoreObserver } from '../../core/store-observer';
import { WatchRegistry } from '../../core/watch-registry';
import { DiskSpace } from './disk-space';
import { openEnvironment } from './environment';
import { EventCleanup } from './event-cleanup';
import { EmbeddedEventStore } from './events';
import { EmbeddedExpiryStore } from './expiry';
import { EmbeddedSessionStore } from './sessions';
import { Transactions } from './transactions';

export interface EmbeddedStoreSettings {
  /** Created if it does not exist. */
  readonly folder: string;
  /** Free disk space below which writes are rejected. */
  readonly minFreeDiskBytes: number;
  readonly observer: StoreObserver;
  /** Called once, when a commit has failed: this process can acknowledge no more writes. */
  readonly onFatal: (error: Error) => void;
}

/** Opens the LMDB store: one process, one data file, synced before every acknowledgement. @throws StartupError */
export function openEmbeddedStore({
  folder,
  minFreeDiskBytes,
  observer,
  onFatal,
}: EmbeddedStoreSettings): Store {
  const environment = openEnvironment(folder);
  const { root, tables } = environment;
  const transactions = new Transactions(root, onFatal, () => observer.committed(tables.takeAppendedCount()));
  const disk = new DiskSpace(environment.folder, minFreeDiskBytes);
  const cleanup = new EventCleanup(transactions, tables);
  const watches = new WatchRegistry();
  cleanup.run();
  return {
    sessions: new EmbeddedSessionStore(transactions, tables, disk, cleanup, watches, observer),
    events: new EmbeddedEventStore(transactions, tables, disk, watches),
    watches,
    expiry: new EmbeddedExpiryStore(transactions, tables, cleanup, watches, observer),
    ping: () => transactions.read(() => undefined),
    async close() {
      await cleanup.stop();
      await environment.close();
    },
  };
}
