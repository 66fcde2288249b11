import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Tls } from '../security/tls';
import { limitConnections, type ConnectionSettings } from '../security/connection-limit';
import type { Telemetry } from '../telemetry/telemetry';

export interface NodeServerSettings extends ConnectionSettings {
  /** Undefined: plain text. */
  readonly tls: Tls | undefined;
}

/** Bytes of a request's line and headers at most. */
export const HEADER_BYTES = 16 * 1024;

const OPTIONS: ServerOptions = {
  maxHeaderSize: HEADER_BYTES,
  /** How long a client may take to send its headers, and its whole request, in milliseconds. */
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 1000,
  /** How long a connection is kept that asks nothing, in milliseconds: longer than a load balancer's usual minute. */
  keepAliveTimeout: 72_000,
};

/** Node's server with bounds on what clients may have and on how long they may take. */
export function createNodeServer(
  handler: RequestListener,
  settings: NodeServerSettings,
  telemetry: Telemetry,
): Server {
  const { tls } = settings;
  const server =
    tls === undefined
      ? createServer(OPTIONS, handler)
      : createTlsServer({ ...OPTIONS, ...tls.options }, handler);
  if ('setSecureContext' in server) tls?.keepCurrent(server);
  limitConnections(server, 'http', settings, telemetry);
  return server;
}
