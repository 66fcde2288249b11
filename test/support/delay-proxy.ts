import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a port of this machine on which every byte, there and back, takes so long, in milliseconds. */
export class DelayProxy {
  private readonly sockets = new Set<Socket>();

  private constructor(private readonly server: Server) {}

  static async start(port: number, delayMs: number): Promise<DelayProxy> {
    const proxy = new DelayProxy(
      createServer((near) => {
        const far = connect(port, '127.0.0.1');
        proxy.join(near, far, delayMs);
        proxy.join(far, near, delayMs);
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

  /** Timers of one length fire in the order in which they were set, so no byte overtakes another. */
  private join(from: Socket, to: Socket, delayMs: number): void {
    this.sockets.add(from);
    from.setNoDelay(true);
    from.on('data', (bytes) => setTimeout(() => to.write(bytes), delayMs));
    from.on('close', () => {
      this.sockets.delete(from);
      setTimeout(() => to.destroy(), delayMs);
    });
    // Its end is what matters, and comes as `close`.
    from.on('error', () => undefined);
  }
}
