import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { type Server, ServerCredentials } from '@grpc/grpc-js';
import type { Tls } from '../security/tls';
import { limitConnections, type ConnectionSettings, type ServerName } from '../security/connection-limit';
import type { Telemetry } from '../telemetry/telemetry';
import { limitTimeouts } from './long-timeouts';

export interface ListenerSettings extends ConnectionSettings {
  /** Undefined: no TLS. */
  readonly tls: Tls | undefined;
}

/** How long a client may take to send the HTTP/2 connection preface, in milliseconds, and the preface's length. */
const PREFACE_MS = 10_000;
const PREFACE_BYTES = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'.length;

/**
 * Accepts a gRPC server's connections. The library's own listener limits neither their number nor
 * their idle time before the preface, and cannot replace a certificate through its public interface.
 */
export class Listener {
  private readonly server: NetServer;
  private readonly sockets = new Set<Socket>();

  constructor(
    grpcServer: Server,
    name: ServerName,
    private readonly settings: ListenerSettings,
    private readonly telemetry: Telemetry,
  ) {
    const { tls } = settings;
    const { logger } = telemetry;
    const injector = grpcServer.createConnectionInjector(ServerCredentials.createInsecure());
    limitTimeouts(grpcServer);
    const accept = (socket: Socket | TLSSocket): void => {
      // The HTTP/2 session handles socket errors. Without a listener here, one would end the process.
      socket.on('error', (error) => logger.debug({ err: error }, 'a connection failed'));
      closeWithoutPreface(socket);
      injector.injectConnection(socket);
    };
    if (tls === undefined) {
      this.server = createServer(accept);
    } else {
      const server = createTlsServer({ ...tls.options, ALPNProtocols: ['h2'] }, accept);
      server.on('tlsClientError', (error) => logger.debug({ err: error }, 'a TLS handshake failed'));
      tls.keepCurrent(server);
      this.server = server;
    }
    limitConnections(this.server, name, settings, telemetry);
    this.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  /** Starts to listen, and returns the port. */
  listen(): Promise<number> {
    const { host, port } = this.settings;
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => {
        this.server.off('error', reject);
        this.server.on('error', (error) =>
          this.telemetry.logger.error({ err: error }, 'a connection could not be accepted'),
        );
        const address = this.server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  }

  /** Accepts no further connections. */
  stop(): void {
    this.server.close();
  }

  /** Closes the open connections at once. */
  destroyConnections(): void {
    for (const socket of this.sockets) socket.destroy();
  }
}

function closeWithoutPreface(socket: Socket): void {
  const timer = setTimeout(() => {
    if (socket.bytesRead < PREFACE_BYTES) socket.destroy();
  }, PREFACE_MS);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}
