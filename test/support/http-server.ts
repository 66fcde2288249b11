import { ALLOW_ALL } from '../../src/security/authorizer';
import { InFlightBudget } from '../../src/calls/in-flight-budget';
import type { Store } from '../../src/core/store';
import { HttpServer, type HttpSettings } from '../../src/http/server';
import { createLogger } from '../../src/telemetry/logger';
import { Metrics } from '../../src/telemetry/metrics';
import { HttpClient } from './http-client';

/** An HTTP server on a free port, with a client. */
export interface RunningHttpServer {
  readonly port: number;
  readonly client: HttpClient;
  readonly server: HttpServer;
}

/** Starts an HTTP server on the store. The caller closes the store. */
export async function startHttpServer(
  store: Store,
  settings: Partial<HttpSettings> = {},
  budget = new InFlightBudget(10_000, 128 * 1024 * 1024),
): Promise<RunningHttpServer> {
  const telemetry = { logger: createLogger('silent'), metrics: new Metrics(), tracing: undefined };
  const server = new HttpServer(
    store,
    {
      host: '127.0.0.1',
      port: 0,
      authorizer: ALLOW_ALL,
      tls: undefined,
      defaultDeadlineMs: 10_000,
      maxConnections: 100,
      ...settings,
    },
    budget,
    telemetry,
  );
  const port = await server.listen();
  return { server, port, client: new HttpClient(`http://127.0.0.1:${port}`) };
}
