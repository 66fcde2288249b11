import { connect, type Socket } from 'node:net';
import { TcpProxy } from './tcp-proxy';

/** A TCP proxy to a local port that delays every byte, in both directions. */
export class DelayProxy extends TcpProxy {
  private constructor(
    private readonly upstreamPort: number,
    private readonly delayMs: number,
  ) {
    super();
  }

  /** @param delayMs the delay in each direction, in milliseconds */
  static start(port: number, delayMs: number): Promise<DelayProxy> {
    return new DelayProxy(port, delayMs).listen();
  }

  protected accept(client: Socket): void {
    const upstream = connect(this.upstreamPort, '127.0.0.1');
    this.pipe(client, upstream);
    this.pipe(upstream, client);
  }

  /** Timers with the same delay fire in order, so bytes stay in order. */
  private pipe(from: Socket, to: Socket): void {
    from.setNoDelay(true);
    from.on('data', (bytes) => setTimeout(() => to.write(bytes), this.delayMs));
    this.track(from, () => setTimeout(() => to.destroy(), this.delayMs));
  }
}
