import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SessionRepository } from '../../src/core/store';
import { openEmbeddedStore } from '../../src/storage/embedded/environment';
import { Metrics } from '../../src/telemetry/metrics';
import { startReplicaSet } from '../support/mongod';
import { openMongo } from '../support/open-mongo';

/** A database of its own, and what two servers on it work with. */
export interface OpenStore {
  readonly repositories: readonly [SessionRepository, SessionRepository];
  close(): Promise<void>;
}

/** Every store there is: the contract holds for each. */
export const STORES: readonly { readonly name: string; readonly open: () => Promise<OpenStore> }[] = [
  { name: 'embedded', open: openEmbedded },
  { name: 'mongodb', open: openMongoDb },
];

/** One process owns the file, so that two servers in it share the one repository. */
async function openEmbedded(): Promise<OpenStore> {
  const folder = await mkdtemp(join(tmpdir(), 'contract-'));
  const repository = openEmbeddedStore({
    folder,
    minFreeDiskBytes: 0,
    observer: new Metrics(),
    onFatal: fatal,
  });
  const close = async (): Promise<void> => {
    await repository.close();
    await rm(folder, { recursive: true });
  };
  return { repositories: [repository, repository], close };
}

/** Each server has connections and caches of its own, as in another process. */
async function openMongoDb(): Promise<OpenStore> {
  const { uri, stop } = await startReplicaSet();
  const repositories = [await openMongo(uri), await openMongo(uri)] as const;
  const close = async (): Promise<void> => {
    for (const repository of repositories) await repository.close();
    await stop();
  };
  return { repositories, close };
}

function fatal(error: Error): void {
  throw error;
}
