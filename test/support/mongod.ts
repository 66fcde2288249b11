import { MongoMemoryReplSet, MongoMemoryServer } from 'mongodb-memory-server';

/** A running mongod with its own database. */
export interface RunningMongod {
  readonly uri: string;
  readonly stop: () => Promise<void>;
}

/** A small cache, because several run concurrently with the tests. */
const ARGUMENTS = ['--wiredTigerCacheSizeGB', '0.25'];

/** Starts a replica set of one member: majority writes and change streams need one. */
export async function startReplicaSet(): Promise<RunningMongod> {
  const replicaSet = await MongoMemoryReplSet.create({
    replSet: {
      count: 1,
      storageEngine: 'wiredTiger',
      args: ARGUMENTS,
      configSettings: { electionTimeoutMillis: 500, heartbeatIntervalMillis: 200 },
    },
    instanceOpts: [{ launchTimeout: 30_000 }],
  });
  return {
    uri: replicaSet.getUri('conversations'),
    stop: async () => {
      await replicaSet.stop();
    },
  };
}

export async function startStandalone(): Promise<RunningMongod> {
  const server = await MongoMemoryServer.create({
    instance: { storageEngine: 'wiredTiger', args: ARGUMENTS, launchTimeout: 30_000 },
  });
  return {
    uri: server.getUri('conversations'),
    stop: async () => {
      await server.stop();
    },
  };
}
