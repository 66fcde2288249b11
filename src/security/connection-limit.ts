import type { Server, Socket } from 'node:net';
import type { Telemetry } from '../telemetry/telemetry';

/** The name of a server in metrics and logs. */
export type ServerName = 'grpc' | 'http' | 'health';

/** Where a server listens, and for how many connections. */
export interface ConnectionSettings {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** Maximum number of open connections; further ones are closed immediately. */
  readonly maxConnections: number;
}

/** Minimum time between two warnings about refused connections, in milliseconds. */
const WARNING_INTERVAL_MS = 60_000;

/** Limits and counts a server's connections, and logs when it refuses any. */
export function limitConnections(
  server: Server,
  name: ServerName,
  { host, port, maxConnections }: ConnectionSettings,
  { logger, metrics }: Pick<Telemetry, 'logger' | 'metrics'>,
): void {
  const counts = metrics.connections(name);
  server.maxConnections = maxConnections;
  server.on('connection', (socket: Socket) => {
    counts.opened();
    socket.once('close', () => counts.closed());
  });
  let refused = 0;
  let warnedAt = -Infinity;
  server.on('drop', () => {
    counts.refused();
    refused += 1;
    if (performance.now() - warnedAt < WARNING_INTERVAL_MS) return;
    logger.warn(
      { server: name, host, port, maxConnections, refused },
      'refusing connections: MAX_CONNECTIONS is reached',
    );
    warnedAt = performance.now();
    refused = 0;
  });
}
