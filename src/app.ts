import type { Config } from './config/settings';
import type { Store } from './core/store';
import { InFlightBudget } from './calls/in-flight-budget';
import { StartupError } from './core/startup-error';
import { Servers, type Ports } from './servers';
import { Readiness } from './jobs/readiness';
import { openSecurity } from './security/open-security';
import { ExpiryJob } from './jobs/expire-sessions';
import type { Logger } from './telemetry/logger';
import { Metrics } from './telemetry/metrics';
import { instrumentStore } from './telemetry/instrumented-store';
import type { Telemetry } from './telemetry/telemetry';

/** A running service. */
export interface App extends Ports {
  /** Finishes what is under way, within the grace, and lets go of everything. */
  close(): Promise<void>;
}

/**
 * Puts the parts together and starts them.
 *
 * @param onFatal called when the store can never answer again in this process:
 *   the process should close the app and exit, to be started anew
 * @throws StartupError
 */
export async function startApp(
  config: Config,
  logger: Logger,
  onFatal: (error: Error) => void,
): Promise<App> {
  const security = openSecurity(config, logger);
  const telemetry = await startTelemetry(config, logger);
  const { metrics, tracing } = telemetry;
  const store = instrumentStore(await openStore(config, telemetry, onFatal), metrics, tracing);
  const budget = measuredBudget(config, metrics);
  const faces = new Servers(config, store, security, budget, telemetry);
  let ports: Ports;
  try {
    ports = await faces.listen();
  } catch (error) {
    await store.close();
    security.close();
    throw error;
  }
  let serving = false;
  const { tls } = security;
  if (tls !== undefined) {
    metrics.gauge(
      'conversation_certificate_expiry_timestamp_seconds',
      'When the certificate that is shown expires, in seconds since 1970.',
      () => tls.expiresAt.getTime() / 1000,
    );
  }
  metrics.gauge('conversation_store_ready', '1 while the store answers.', () => Number(serving));
  const readiness = new Readiness(
    store,
    (ready) => {
      serving = ready;
      faces.setReady(ready);
    },
    logger,
  );
  readiness.start();
  const sweeper = new ExpiryJob(store.expiry, config.retentionMs, logger);
  sweeper.start();
  const close = async (): Promise<void> => {
    readiness.stop();
    const swept = sweeper.stop();
    await faces.close(config.shutdownGraceMs);
    await swept;
    await store.close();
    security.close();
    await tracing?.close();
  };
  return { ...ports, close };
}

/** Makes the database's indexes, for a deployment that does so before its servers start. @throws StartupError */
export async function createIndexes({ mongodbUri }: Config, logger: Logger): Promise<void> {
  if (mongodbUri === undefined) {
    throw new StartupError('MONGODB_URI is not set: the embedded store has no indexes to make');
  }
  const { createMongoIndexes } = await import('./storage/mongo/store');
  await createMongoIndexes({ uri: mongodbUri, logger });
}

/** What makes traces is loaded only where they are wanted. */
async function startTelemetry({ tracing }: Config, logger: Logger): Promise<Telemetry> {
  const metrics = new Metrics();
  metrics.addProcess();
  if (!tracing) return { logger, metrics, tracing: undefined };
  const { Tracing } = await import('./telemetry/tracing');
  return { logger, metrics, tracing: Tracing.start() };
}

/** What the server has taken on and not answered, over both faces. */
function measuredBudget({ maxInFlightRequests, maxInFlightBytes }: Config, metrics: Metrics): InFlightBudget {
  const budget = new InFlightBudget(maxInFlightRequests, maxInFlightBytes);
  metrics.gauge(
    'conversation_unanswered_requests',
    'Requests that were taken and are not answered yet.',
    () => budget.inFlightRequests,
  );
  metrics.gauge(
    'conversation_unanswered_bytes',
    'Bytes of requests that were taken and are not answered yet.',
    () => budget.inFlightBytes,
  );
  return budget;
}

/** Only the store that is used is loaded: the other's libraries cost memory and time to start. */
async function openStore(
  config: Config,
  { logger, metrics }: Telemetry,
  onFatal: (error: Error) => void,
): Promise<Store> {
  if (config.mongodbUri !== undefined) {
    const { openMongoStore } = await import('./storage/mongo/store');
    return openMongoStore({
      uri: config.mongodbUri,
      logger,
      observer: metrics,
      watchPollIntervalMs: config.watchPollIntervalMs,
      onFatal,
    });
  }
  const { openEmbeddedStore } = await import('./storage/embedded/store');
  return openEmbeddedStore({
    folder: config.dataDir,
    minFreeDiskBytes: config.minFreeDiskBytes,
    observer: metrics,
    onFatal,
  });
}
