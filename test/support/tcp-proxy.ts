import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy to a local port. */
export abstract class TcpProxy {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  constructor() {
    this.server = createServer((client) => this.accept(client));
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }

  /** Connects a client to the port. */
  protected abstract accept(client: Socket): void;

  protected async listen(): Promise<this> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }

  /** @param onClose called once the socket is closed */
  protected track(socket: Socket, onClose: () => void): void {
    this.sockets.add(socket);
    socket.on('close', () => {
      this.sockets.delete(socket);
      onClose();
    });
    // An error is followed by `close`.
    socket.on('error', () => undefined);
  }
}
