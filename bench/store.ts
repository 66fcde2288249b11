import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentials } from '@grpc/grpc-js';
import { HealthCheckResponse_ServingStatus, HealthClient } from '../generated/grpc/health/v1/health';
import { BUILT_SERVICE } from '../test/support/built-service';
import { ReplicaSet } from '../test/support/replica-set';
import { until } from '../test/support/until';
import { copySessions } from './copy-sessions';
import { ServerProcess } from './server-process';
import type { Target } from './target';

/** A store on which servers can be started. */
export interface Store {
  readonly name: string;
  readonly mongodPid: number | undefined;
  /** Starts a server on a new database, and waits until it is serving. By default, runs this checkout's build. */
  startServer(database: string, program?: string): Promise<ServerProcess>;
  /** Fills an empty database with sessions, through its server or directly. */
  fill(database: string, target: Target, sessions: number): Promise<void>;
  /** Deletes a database whose server has stopped. */
  drop(database: string): Promise<void>;
  remove(): Promise<void>;
}

export function embeddedStore(serverPrefix: readonly string[]): Promise<Store> {
  const folder = mkdtempSync(join(tmpdir(), 'conversation-bench-'));
  return Promise.resolve({
    name: 'embedded',
    mongodPid: undefined,
    startServer: (database, program) =>
      startServer(serverPrefix, program, { DATA_DIR: join(folder, database) }),
    fill: (_, target, sessions) => target.createSessions(sessions),
    drop: (database) => {
      rmSync(join(folder, database), { recursive: true, force: true });
      return Promise.resolve();
    },
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
      return Promise.resolve();
    },
  });
}

/** Uses a replica set with a single member. */
export async function mongodbStore(serverPrefix: readonly string[]): Promise<Store> {
  const replicaSet = await ReplicaSet.start(1);
  const status = await replicaSet.members[0]?.command({ serverStatus: 1 });
  return {
    name: 'mongodb',
    mongodPid: Number(status?.pid),
    startServer: (database, program) =>
      startServer(serverPrefix, program, { MONGODB_URI: uriOf(replicaSet, database) }),
    fill: async (database, target, sessions) => {
      await target.createSessions(1);
      await copySessions(uriOf(replicaSet, database), sessions);
    },
    drop: async (database) => {
      await replicaSet.members[0]?.command({ dropDatabase: 1 }, database);
    },
    remove: () => replicaSet.stop(),
  };
}

function uriOf({ uri }: ReplicaSet, database: string): string {
  const url = new URL(uri);
  url.pathname = database;
  return url.href;
}

/** Settings that all builds have, older ones too. */
const SETTINGS = { HOST: '127.0.0.1', GRPC_PORT: '0', HTTP_PORT: '', LOG_LEVEL: 'info' };

async function startServer(
  prefix: readonly string[],
  program: string | undefined,
  environment: Readonly<Record<string, string>>,
): Promise<ServerProcess> {
  const command = [...prefix, process.execPath, program ?? BUILT_SERVICE];
  // Not in the current folder, because a server reads settings from an .env file there.
  const server = await ServerProcess.start(command, { ...environment, ...SETTINGS }, tmpdir());
  const health = new HealthClient(`127.0.0.1:${server.port}`, credentials.createInsecure());
  try {
    await until('the server is serving', async () => ((await isServing(health)) ? true : undefined));
  } finally {
    health.close();
  }
  return server;
}

function isServing(health: HealthClient): Promise<boolean> {
  return new Promise((resolve) => {
    health.check({ service: '' }, (error, reply) =>
      resolve(error === null && reply.status === HealthCheckResponse_ServingStatus.SERVING),
    );
  });
}
