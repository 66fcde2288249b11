import type { Config } from './config';
import type { SessionRepository } from './core/session-repository';
import { StartError } from './core/start-error';
import { HealthServer } from './grpc/health-server';
import { GrpcServer } from './grpc/server';
import { Readiness } from './readiness';
import { openSecurity } from './security/security';
import { Sweeper } from './sweeper';
import type { Logger } from './telemetry/logger';

/** A running service. */
export interface App {
  readonly grpcPort: number;
  /** Undefined: health has no port of its own. */
  readonly healthPort: number | undefined;
  /** Finishes what is under way, within the grace, and lets go of everything. */
  close(): Promise<void>;
}

/**
 * Puts the parts together and starts them.
 *
 * @param onFatal called when the store can never answer again in this process:
 *   the process should close the app and exit, to be started anew
 * @throws StartError
 */
export async function startApp(
  config: Config,
  logger: Logger,
  onFatal: (error: Error) => void,
): Promise<App> {
  const security = openSecurity(config, logger);
  const repository = await openStore(config, logger, onFatal);
  const { host, connections } = config;
  const { access, tls } = security;
  const server = new GrpcServer(
    repository,
    {
      ...{ host, port: config.grpcPort, connections, tls, access, reflection: config.reflection },
      callDeadlineMs: config.callDeadlineMs,
      connectionAgeMs: config.connectionAgeMs,
      retentionMs: config.retentionMs,
      streamsPerConnection: config.streamsPerConnection,
      unansweredRequests: config.unansweredRequests,
      unansweredBytes: config.unansweredBytes,
    },
    logger,
  );
  const health =
    config.healthPort === undefined
      ? undefined
      : new HealthServer({ host, port: config.healthPort, connections }, logger);
  let grpcPort: number;
  let healthPort: number | undefined;
  try {
    grpcPort = await listening(server, host, 'GRPC_PORT', config.grpcPort);
    if (health !== undefined) {
      healthPort = await listening(health, host, 'HEALTH_PORT', config.healthPort ?? 0);
    }
  } catch (error) {
    await server.close(0);
    await repository.close();
    security.close();
    throw error;
  }
  const readiness = new Readiness(
    repository,
    (ready) => {
      server.health.set(ready);
      health?.health.set(ready);
    },
    logger,
  );
  readiness.start();
  const sweeper = new Sweeper(repository, config.retentionMs, logger);
  sweeper.start();
  const close = async (): Promise<void> => {
    readiness.stop();
    health?.health.set(false);
    const swept = sweeper.stop();
    await server.close(config.shutdownGraceMs);
    await swept;
    await repository.close();
    health?.close();
    security.close();
  };
  return { grpcPort, healthPort, close };
}

/** Makes the database's indexes, for a deployment that does so before its servers start. @throws StartError */
export async function createIndexes({ mongodbUri }: Config, logger: Logger): Promise<void> {
  if (mongodbUri === undefined) {
    throw new StartError('MONGODB_URI is not set: the embedded store has no indexes to make');
  }
  const { createMongoIndexes } = await import('./storage/mongo/open');
  await createMongoIndexes({ uri: mongodbUri, logger });
}

/** Only the store that is used is loaded: the other's libraries cost memory and time to start. */
async function openStore(
  config: Config,
  logger: Logger,
  onFatal: (error: Error) => void,
): Promise<SessionRepository> {
  if (config.mongodbUri !== undefined) {
    const { openMongoStore } = await import('./storage/mongo/open');
    return openMongoStore({
      uri: config.mongodbUri,
      logger,
      watchPollMs: config.watchPollMs,
      onFatal,
    });
  }
  const { openEmbeddedStore } = await import('./storage/embedded/open');
  return openEmbeddedStore({ folder: config.dataDir, diskReserveBytes: config.diskReserveBytes, onFatal });
}

/** @throws StartError that names the setting */
async function listening(
  server: { listen(): Promise<number> },
  host: string,
  setting: string,
  port: number,
): Promise<number> {
  try {
    return await server.listen();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (/EADDRINUSE/.test(why)) {
      throw new StartError(
        `port ${port} on ${host} is in use: stop the program that has it, or set ${setting} to another (0 takes a free one)`,
      );
    }
    throw new StartError(`cannot listen on ${host}:${port}: ${why}; check HOST and ${setting}`);
  }
}
