import { config as readDotEnv } from 'dotenv';
import { startApp } from './app';
import { ConfigError, helpText, readConfig } from './config';
import { StartError } from './core/start-error';
import { createLogger } from './telemetry/logger';

/** Past this a shutdown that hangs is cut: whoever stops a server waits about 10 s. */
const SHUTDOWN_LIMIT_MS = 9_500;

async function main(): Promise<void> {
  const [option, ...rest] = process.argv.slice(2);
  if (option === '--help') {
    process.stdout.write(helpText());
    return;
  }
  if (option !== undefined || rest.length > 0) {
    throw new StartError(
      `unknown option ${[option, ...rest].join(' ')}: npm start -- --help prints what there is`,
    );
  }
  readDotEnv({ quiet: true });
  const config = readConfig(process.env);
  const logger = createLogger(config.logLevel);

  let stopping = false;
  const stop = (exitCode: number): void => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => process.exit(1), SHUTDOWN_LIMIT_MS).unref();
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
    logger.fatal({ err: error }, error.message);
    stop(1);
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      logger.info({ signal }, 'shutting down');
      stop(0);
    });
  }

  const app = await starting;
  logger.info(
    {
      host: config.host,
      grpcPort: app.grpcPort,
      store: config.mongodbUri === undefined ? 'embedded' : 'mongodb',
    },
    `listening for gRPC on ${config.host}:${app.grpcPort}`,
  );
}

main().catch((error: unknown) => {
  if (error instanceof StartError || error instanceof ConfigError) process.stderr.write(`${error.message}\n`);
  else process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
