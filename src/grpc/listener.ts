import { createServer, type Server as NetServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { type Server, ServerCredentials } from '@grpc/grpc-js';
import type { Tls } from '../security/tls';
import type { Logger } from '../telemetry/logger';

/** Where a server is reached, and by how many. */
export interface ListenerSettings {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Connections at once; further ones are closed as they come. */
  readonly connections: number;
  /** Undefined: plain text. */
  readonly tls: Tls | undefined;
}

/** How long a client may take to say that it speaks HTTP/2, in milliseconds, and the bytes that it says so with. */
const GREETING_MS = 10_000;
const GREETING_BYTES = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'.length;

/** How often it is told at most that connections were refused, in milliseconds. */
const REFUSALS_MS = 60_000;

/**
 * Takes a gRPC server's connections: the library's own listener has no bound on how many there are
 * nor on how long they say nothing, and cannot take a new certificate by its public interface.
 */
export class Listener {
  private readonly server: NetServer;
  private readonly sockets = new Set<Socket>();
  private refused = 0;
  private toldAt = -Infinity;

  constructor(
    grpcServer: Server,
    private readonly settings: ListenerSettings,
    private readonly logger: Logger,
  ) {
    const { tls } = settings;
    const injector = grpcServer.createConnectionInjector(ServerCredentials.createInsecure());
    const take = (socket: Socket | TLSSocket): void => {
      // What goes wrong with it is the HTTP/2 session's to deal with; unheard, it would end the process.
      socket.on('error', (error) => logger.debug({ err: error }, 'a connection failed'));
      closeIfSilent(socket);
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
    this.server.maxConnections = settings.connections;
    this.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket);
      socket.once('close', () => this.sockets.delete(socket));
    });
    this.server.on('drop', () => this.tellOfRefusal());
  }

  /** Returns the port. */
  listen(): Promise<number> {
    const { host, port } = this.settings;
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, host, () => {
        this.server.off('error', reject);
        this.server.on('error', (error) => this.logger.error({ err: error }, 'a connection cannot be taken'));
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
  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private tellOfRefusal(): void {
    this.refused += 1;
    if (performance.now() - this.toldAt < REFUSALS_MS) return;
    const { host, port, connections } = this.settings;
    this.logger.warn(
      { host, port, connections, refused: this.refused },
      'connections are refused: there are as many as CONNECTIONS lets in',
    );
    this.toldAt = performance.now();
    this.refused = 0;
  }
}

function closeIfSilent(socket: Socket): void {
  const timer = setTimeout(() => {
    if (socket.bytesRead < GREETING_BYTES) socket.destroy();
  }, GREETING_MS);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}
