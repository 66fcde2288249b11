import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP proxy to a local port that delays every byte, in both directions. */
export class DelayProxy {
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  /** @param delayMs the delay in each direction, in milliseconds */
  static async start(port: number, delayMs: number): Promise<DelayProxy> {
    const proxy = new DelayProxy(
      createServer((client) => {
        const upstream = connect(port, '127.0.0.1');
        proxy.pipe(client, upstream, delayMs);
        proxy.pipe(upstream, client, delayMs);
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

  /** Timers with the same delay fire in order, so bytes stay in order. */
  private pipe(from: Socket, to: Socket, delayMs: number): void {
    this.sockets.add(from);
    from.setNoDelay(true);
    from.on('data', (bytes) => setTimeout(() => to.write(bytes), delayMs));
    from.on('close', () => {
      this.sockets.delete(from);
      setTimeout(() => to.destroy(), delayMs);
    });
    // An error is followed by `close`.
    from.on('error', () => undefined);
  }
}
