import { InFlightBudget } from './calls/in-flight-budget';
import type { Config } from './config/settings';
import { ExpiryJob } from './jobs/expire-sessions';
import { Readiness } from './jobs/readiness';
import { openSecurity } from './security/open-security';
import type { Tls } from './security/tls';
import { type Ports, Servers } from './servers';
import { openStore } from './storage/open-store';
import { instrumentStore } from './telemetry/instrumented-store';
import type { Logger } from './telemetry/logger';
import { Metrics } from './telemetry/metrics';
import { StoreReporter } from './telemetry/store-reporter';
import type { Tracing } from './telemetry/tracing';

/** A running service. */
export interface App extends Ports {
  /** Finishes the calls in flight, within the grace period, and closes everything. */
  close(): Promise<void>;
}

/**
 * Builds a running service. If that fails, closes what it had opened.
 *
 * @param onFatal called when the store can never answer again in this process:
 *   the caller should close the app and exit, so that the process is restarted
 * @throws StartupError
 */
export async function startApp(
  config: Config,
  logger: Logger,
  onFatal: (error: Error) => void,
): Promise<App> {
  const opened: Close[] = [];
  try {
    const ports = await open(config, logger, onFatal, opened);
    return { ...ports, close: () => closeAll(opened) };
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
}

type Close = () => Promise<void> | void;

/** In reverse order, since later parts use earlier ones. */
async function closeAll(opened: readonly Close[]): Promise<void> {
  for (const close of opened.toReversed()) await close();
}

/** @param opened receives a function for each opened part that closes it */
async function open(
  config: Config,
  logger: Logger,
  onFatal: (error: Error) => void,
  opened: Close[],
): Promise<Ports> {
  const security = openSecurity(config, logger);
  opened.push(() => security.close());
  const metrics = new Metrics();
  metrics.addProcess();
  const tracing = config.tracing ? await startTracing() : undefined;
  opened.push(() => tracing?.close());
  const uninstrumented = await openStore(config, logger, new StoreReporter(metrics, logger), onFatal);
  const store = instrumentStore(uninstrumented, metrics, tracing);
  opened.push(() => store.close());

  const budget = createBudget(config, metrics);
  const servers = new Servers(config, store, security, budget, { logger, metrics, tracing });
  const ports = await servers.listen();
  if (security.tls !== undefined) measureExpiry(security.tls, metrics);
  const readiness = new Readiness(store, (ready) => servers.setReady(ready), logger);
  metrics.gauge('conversation_store_ready', '1 while the store answers and lacks nothing, otherwise 0.', () =>
    Number(readiness.isReady),
  );
  readiness.start();
  const expiry = new ExpiryJob(store.expiry, config.retentionMs, logger);
  expiry.start();
  opened.push(async () => {
    readiness.stop();
    // Together, so that a sweep in progress takes no time from the grace period.
    await Promise.all([servers.close(config.shutdownGraceMs), expiry.stop()]);
  });
  return ports;
}

/** OpenTelemetry is loaded only where traces are wanted. */
async function startTracing(): Promise<Tracing> {
  const { Tracing } = await import('./telemetry/tracing');
  return Tracing.start();
}

/** One budget for the gRPC and the HTTP server together. */
function createBudget({ maxInFlightRequests, maxInFlightBytes }: Config, metrics: Metrics): InFlightBudget {
  const budget = new InFlightBudget(maxInFlightRequests, maxInFlightBytes);
  metrics.gauge('conversation_in_flight_requests', 'Requests in flight.', () => budget.inFlightRequests);
  metrics.gauge(
    'conversation_in_flight_bytes',
    'Size of the requests in flight.',
    () => budget.inFlightBytes,
  );
  return budget;
}

function measureExpiry(tls: Tls, metrics: Metrics): void {
  metrics.gauge(
    'conversation_certificate_expiry_timestamp_seconds',
    'Expiry time of the current certificate, in seconds since 1970.',
    () => tls.expiresAt.getTime() / 1000,
  );
}
