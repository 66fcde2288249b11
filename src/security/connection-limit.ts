import type { Server, Socket } from 'node:net';
import type { Telemetry } from '../telemetry/telemetry';

/** A part of the service that listens. */
export type ServerName = 'grpc' | 'http' | 'health';

/** Where a face is reached, and by how many. */
export interface ConnectionSettings {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Connections at once; further ones are closed as they come. */
  readonly maxConnections: number;
}

/** How often it is told at most that connections were refused, in milliseconds. */
const REFUSALS_MS = 60_000;

/** Bounds how many connections a server has, counts them, and tells of those that it refuses. */
export function limitConnections(
  server: Server,
  face: ServerName,
  { host, port, maxConnections }: ConnectionSettings,
  { logger, metrics }: Pick<Telemetry, 'logger' | 'metrics'>,
): void {
  const counts = metrics.connections(face);
  server.maxConnections = maxConnections;
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
      { face, host, port, maxConnections, refused },
      'connections are refused: there are as many as CONNECTIONS lets in',
    );
    toldAt = performance.now();
    refused = 0;
  });
}
