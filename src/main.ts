import { config as readDotEnv } from 'dotenv';
import { createIndexes, startApp } from './app';
import { checkHealth } from './commands/check-health';
import { helpText } from './config/help';
import { ConfigError, readConfig } from './config/read-config';
import type { Config } from './config/settings';
import { StartupError } from './core/startup-error';
import { createLogger, type Logger } from './telemetry/logger';

const OPTIONS = ['--help', '--create-indexes', '--check-health'];

/** How long after its grace a shutdown that hangs is cut, in milliseconds. */
const SHUTDOWN_MARGIN_MS = 1500;

async function main(): Promise<void> {
  const options = process.argv.slice(2);
  const [option] = options;
  if (options.length > 1 || (option !== undefined && !OPTIONS.includes(option))) {
    throw new StartupError(`unknown option ${options.join(' ')}: npm start -- --help prints what there is`);
  }
  if (option === '--help') {
    process.stdout.write(helpText());
    return;
  }
  readDotEnv({ quiet: true });
  const config = readConfig(process.env);
  if (option === '--check-health') {
    await checkHealth(config);
    process.stdout.write('the service is ready\n');
    return;
  }
  const logger = createLogger(config.logLevel);
  if (option === '--create-indexes') {
    await createIndexes(config, logger);
    logger.info('the indexes are there');
  } else {
    await serve(config, logger);
  }
}

/** Serves until a signal comes, or the store can never answer again. */
async function serve(config: Config, logger: Logger): Promise<void> {
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
      logger.fatal({ err: error }, 'an error that nobody foresaw: exiting, to be started anew');
      stop(1);
    });
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      logger.info({ signal }, 'shutting down');
      stop(0);
    });
  }
  const { grpcPort, httpPort, healthPort } = await starting;
  const { host } = config;
  const store = config.mongodbUri === undefined ? 'embedded' : 'mongodb';
  const tls = config.tlsCert === undefined ? 'off' : config.tlsClientCa === undefined ? 'on' : 'mutual';
  const tokens = config.tokensFile === undefined ? 'off' : 'on';
  const http = httpPort === undefined ? '' : `, and for HTTP on ${host}:${httpPort}`;
  const line = { host, grpcPort, httpPort, healthPort, store, tls, tokens };
  logger.info(line, `listening for gRPC on ${host}:${grpcPort}${http}`);
}

main().catch((error: unknown) => {
  const foreseen = error instanceof StartupError || error instanceof ConfigError;
  const unforeseen = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${foreseen ? error.message : unforeseen}\n`);
  process.exit(1);
});
