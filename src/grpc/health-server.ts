import { Server } from '@grpc/grpc-js';
import type { Telemetry } from '../telemetry/telemetry';
import { Health } from './health';
import { Listener, type ListenerSettings } from './listener';

/** Health checks on a port of their own without TLS, for probes that cannot use TLS. */
export class HealthServer {
  readonly health = new Health(['liveness']);
  private readonly server = new Server({
    'grpc.max_concurrent_streams': 100,
    'grpc.max_receive_message_length': 1024,
    'grpc.keepalive_time_ms': 60_000,
    'grpc.keepalive_timeout_ms': 20_000,
    'grpc.max_connection_idle_ms': 15 * 60_000,
    'grpc.enable_channelz': 0,
  });
  private readonly listener: Listener;

  constructor(settings: Omit<ListenerSettings, 'tls'>, telemetry: Telemetry) {
    this.health.addToServer(this.server);
    this.listener = new Listener(this.server, 'health', { ...settings, tls: undefined }, telemetry);
  }

  /** Starts to listen, and returns the port. */
  listen(): Promise<number> {
    return this.listener.listen();
  }

  close(): void {
    this.listener.stop();
    this.server.forceShutdown();
    this.listener.destroyConnections();
  }
}
