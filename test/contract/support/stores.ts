import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store } from '../../../src/core/store';
import { openEmbeddedStore } from '../../../src/storage/embedded/store';
import { createLogger } from '../../../src/telemetry/logger';
import { Metrics } from '../../../src/telemetry/metrics';
import { startReplicaSet } from '../../support/mongod';
import { openMongo } from '../../support/open-mongo';

/** A new database, and the stores of two servers on it. */
export interface TestDatabase {
  readonly stores: readonly [Store, Store];
  close(): Promise<void>;
}

/** The stores that the contract tests run on. */
export const STORES: readonly { readonly name: string; readonly open: () => Promise<TestDatabase> }[] = [
  { name: 'embedded', open: openEmbedded },
  { name: 'mongodb', open: openMongoDb },
];

/** One process owns the folder, so both servers share one store. */
async function openEmbedded(): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'contract-'));
  const store = await openEmbeddedStore({
    folder,
    minFreeDiskBytes: 0,
    logger: createLogger('silent'),
    observer: new Metrics(),
    onFatal: fatal,
  });
  const close = async (): Promise<void> => {
    await store.close();
    await rm(folder, { recursive: true });
  };
  return { stores: [store, store], close };
}

/** Each server has its own connections and caches, as in separate processes. */
async function openMongoDb(): Promise<TestDatabase> {
  const { uri, stop } = await startReplicaSet();
  const stores = [await openMongo(uri), await openMongo(uri)] as const;
  const close = async (): Promise<void> => {
    for (const store of stores) await store.close();
    await stop();
  };
  return { stores, close };
}

function fatal(error: Error): void {
  throw error;
}
