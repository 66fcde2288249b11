import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy to a local port that counts the bytes that come back. */
export class CountingProxy {
  /** The number of bytes sent to clients so far. */
  bytesBack = 0;
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async start(port: number): Promise<CountingProxy> {
    const proxy = new CountingProxy(
      createServer((client) => {
        const upstream = connect(port, '127.0.0.1');
        upstream.on('data', ({ length }) => (proxy.bytesBack += length));
        proxy.pipe(client, upstream);
        proxy.pipe(upstream, client);
      }),
    );
    proxy.server.listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    return proxy;
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

  private pipe(from: Socket, to: Socket): void {
    this.sockets.add(from);
    from.pipe(to);
    from.on('close', () => {
      this.sockets.delete(from);
      to.destroy();
    });
    // An error is followed by `close`.
    from.on('error', () => undefined);
  }
}
