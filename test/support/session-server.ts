import { ALLOW_ALL } from '../../src/security/authorizer';
import type { Store } from '../../src/core/store';
import { InFlightBudget } from '../../src/calls/in-flight-budget';
import { GrpcServer, type GrpcSettings } from '../../src/grpc/server';
import { createLogger, type Logger } from '../../src/telemetry/logger';
import { Metrics } from '../../src/telemetry/metrics';
import { RpcClient } from './rpc-client';

/** A gRPC server on a free port, with a client. */
export interface SessionServer {
  readonly port: number;
  readonly client: RpcClient;
  readonly metrics: Metrics;
  /** Shuts the server down, but keeps the client open. */
  stop(): Promise<void>;
  /** Shuts the server down, and closes the client. */
  close(): Promise<void>;
}

type ServerSettings = Partial<GrpcSettings> & { maxInFlightRequests?: number; maxInFlightBytes?: number };

/** Starts a server on the store. The caller closes the store. */
export async function startSessionServer(
  store: Store,
  { maxInFlightRequests = 10_000, maxInFlightBytes = 128 * 1024 * 1024, ...settings }: ServerSettings = {},
  logger: Logger = createLogger('silent'),
): Promise<SessionServer> {
  const metrics = new Metrics();
  const server = new GrpcServer(
    store,
    {
      host: '127.0.0.1',
      port: 0,
      maxConnections: 10_000,
      tls: undefined,
      authorizer: ALLOW_ALL,
      reflection: true,
      defaultDeadlineMs: 10_000,
      maxConnectionAgeMs: 30 * 60_000,
      retentionMs: undefined,
      maxStreamsPerConnection: 1000,
      ...settings,
    },
    new InFlightBudget(maxInFlightRequests, maxInFlightBytes),
    { logger, metrics, tracing: undefined },
  );
  const port = await server.listen();
  const client = new RpcClient(port);
  const stop = (): Promise<void> => server.close(5000);
  const close = async (): Promise<void> => {
    client.close();
    await stop();
  };
  return { port, client, metrics, stop, close };
}
