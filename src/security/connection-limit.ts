import type { Server, Socket } from 'node:net';
import type { Telemetry } from '../telemetry/telemetry';

/** A part of the service that listens. */
export type Face = 'grpc' | 'http' | 'health';

/** Where a face is reached, and by how many. */
export interface ConnectionSettings {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Connections at once; further ones are closed as they come. */
  readonly connections: number;
}

/** How often it is told at most that connections were refused, in milliseconds. */
const REFUSALS_MS = 60_000;

/** Bounds how many connections a server has, counts them, and tells of those that it refuses. */
export function boundConnections(
  server: Server,
  face: Face,
  { host, port, connections }: ConnectionSettings,
  { logger, metrics }: Pick<Telemetry, 'logger' | 'metrics'>,
): void {
  const counts = metrics.connections(face);
  server.maxConnections = connections;
  server.on('connection', (socket: Socket) => {
    counts.opened();
    socket.once('close', () => counts.closed());
  });
  let refused = 0;
  let toldAt = -Infinity;
  server.on('drop', () => {
    counts.refused();
    refused += 1;
    if (performance.now() - toldAt < REFUSALS_MS) return;
    logger.warn(
      { face, host, port, connections, refused },
      'connections are refused: there are as many as CONNECTIONS lets in',
    );
    toldAt = performance.now();
    refused = 0;
  });
}
