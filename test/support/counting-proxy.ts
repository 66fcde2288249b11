import { connect, type Socket } from 'node:net';
import { TcpProxy } from './tcp-proxy';

/** A TCP proxy to a local port that counts the bytes that come back. */
export class CountingProxy extends TcpProxy {
  /** The number of bytes sent to clients so far. */
  bytesBack = 0;

  private constructor(private readonly upstreamPort: number) {
    super();
  }

  static start(port: number): Promise<CountingProxy> {
    return new CountingProxy(port).listen();
  }

  protected accept(client: Socket): void {
    const upstream = connect(this.upstreamPort, '127.0.0.1');
    upstream.on('data', ({ length }) => (this.bytesBack += length));
    this.pipe(client, upstream);
    this.pipe(upstream, client);
  }

  private pipe(from: Socket, to: Socket): void {
    from.pipe(to);
    this.track(from, () => to.destroy());
  }
}
