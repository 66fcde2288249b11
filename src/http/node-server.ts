import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Tls } from '../security/tls';
import { limitConnections, type ConnectionSettings } from '../security/connection-limit';
import type { Telemetry } from '../telemetry/telemetry';

export interface NodeServerSettings extends ConnectionSettings {
  /** Undefined: no TLS. */
  readonly tls: Tls | undefined;
}

/** The maximum size of a request's line and headers, in bytes. */
export const HEADER_BYTES = 16 * 1024;

const OPTIONS: ServerOptions = {
  maxHeaderSize: HEADER_BYTES,
  /** How long a client may take to send its headers, and its whole request, in milliseconds. */
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 1000,
  /** How long an idle connection stays open, in milliseconds: longer than the usual minute of load balancers. */
  keepAliveTimeout: 72_000,
};

/** Node's HTTP server, with limits on connections, header sizes and times. */
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
