import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { type Server, ServerCredentials } from '@grpc/grpc-js';
import type { Tls } from '../security/tls';
import { limitConnections, type ConnectionSettings, type ServerName } from '../security/connection-limit';
import type { Telemetry } from '../telemetry/telemetry';

export interface ListenerSettings extends ConnectionSettings {
  /** Undefined: plain text. */
  readonly tls: Tls | undefined;
}

/** How long a client may take to say that it speaks HTTP/2, in milliseconds, and the bytes that it says so with. */
const PREFACE_MS = 10_000;
const PREFACE_BYTES = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'.length;

/**
 * Takes a gRPC server's connections: the library's own listener has no bound on how many there are
 * nor on how long they say nothing, and cannot take a new certificate by its public interface.
 */
export class Listener {
  private readonly server: NetServer;
  private readonly sockets = new Set<Socket>();

  constructor(
    grpcServer: Server,
    face: ServerName,
    private readonly settings: ListenerSettings,
    private readonly telemetry: Telemetry,
  ) {
    const { tls } = settings;
    const { logger } = telemetry;
    const injector = grpcServer.createConnectionInjector(ServerCredentials.createInsecure());
    const take = (socket: Socket | TLSSocket): void => {
      // What goes wrong with it is the HTTP/2 session's to deal with; unheard, it would end the process.
      socket.on('error', (error) => logger.debug({ err: error }, 'a connection failed'));
      closeWithoutPreface(socket);
      injector.injectConnection(socket);
    };
    if (tls === undefined) {
      this.server = createServer(take);
    } else {
      const server = createTlsServer({ ...tls.options, ALPNProtocols: ['h2'] }, take);
      server.on('tlsClientError', (error) => logger.debug({ err: error }, 'a TLS handshake failed'));
      tls.keepCurrent(server);
      this.server = server;
    }
    limitConnections(this.server, face, settings, telemetry);
    this.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
  }

  /** Returns the port. */
  listen(): Promise<number> {
    const { host, port } = this.settings;
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => {
        this.server.off('error', reject);
        this.server.on('error', (error) =>
          this.telemetry.logger.error({ err: error }, 'a connection cannot be taken'),
        );
        const address = this.server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  }

  /** Takes no further connections. */
  stop(): void {
    this.server.close();
  }

  /** Cuts what connections there are. */
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
