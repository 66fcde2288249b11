import { type App, startApp } from '../app';
import type { Config } from '../config/settings';
import { StartupError } from '../core/startup-error';
import type { Logger } from '../telemetry/logger';

/** How long after its grace period a shutdown may still take before the process exits, in milliseconds. */
const SHUTDOWN_MARGIN_MS = 1500;

/** How often the service checks whether its parent process has ended, in milliseconds. */
const PARENT_CHECK_INTERVAL_MS = 250;

/** Runs the service until a signal arrives or the store fails for good; then the process exits. @throws StartupError */
export async function serve(config: Config, logger: Logger): Promise<void> {
  let stopping = false;
  const stop = (exitCode: number): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), config.shutdownGraceMs + SHUTDOWN_MARGIN_MS).unref();
    starting
      .then((app) => app.close())
      .then(
        () => process.exit(exitCode),
        (error: unknown) => {
          logger.error({ err: error }, 'shutdown failed');
          process.exit(1);
        },
      );
  };
  const starting = startApp(config, logger, (error) => {
    if (error instanceof StartupError) process.stderr.write(`${error.message}\n`);
    else logger.fatal({ err: error }, error.message);
    stop(1);
  });
  for (const event of ['unhandledRejection', 'uncaughtException'] as const) {
    process.on(event, (error: unknown) => {
      logger.fatal({ err: error }, 'unhandled error; exiting');
      stop(1);
    });
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      logger.info({ signal }, 'shutting down');
      stop(0);
    });
  }
  if (config.runByNpm) {
    onParentExit(() => {
      logger.info("npm's shell has ended: shutting down");
      stop(0);
    });
  }
  logStart(config, await starting, logger);
}

/**
 * npm signals only the shell that runs its script, and dash (sh on Debian and Ubuntu) ends at SIGTERM without
 * passing it on: the service would keep running.
 */
function onParentExit(listener: () => void): void {
  const { ppid } = process;
  const timer = setInterval(() => {
    if (process.ppid === ppid) return;
    clearInterval(timer);
    listener();
  }, PARENT_CHECK_INTERVAL_MS).unref();
}

function logStart(config: Config, { grpcPort, httpPort, healthPort }: App, logger: Logger): void {
  const { host } = config;
  const store = config.mongodbUri === undefined ? 'embedded' : 'mongodb';
  const tls = config.tlsCert === undefined ? 'off' : config.tlsClientCa === undefined ? 'on' : 'mutual';
  const tokens = config.tokensFile === undefined ? 'off' : 'on';
  const http = httpPort === undefined ? '' : ` and for HTTP on ${host}:${httpPort}`;
  logger.info(
    { host, grpcPort, httpPort, healthPort, store, tls, tokens },
    `listening for gRPC on ${host}:${grpcPort}${http}`,
  );
}
