import type { HealthCheckResponse_ServingStatus as Serving } from '../../generated/grpc/health/v1/health';
import { connect } from './connect';
import { checkHealth } from './health-client';
import type { RpcClient } from './rpc-client';
import { type ServiceProcess, startService } from './service-process';
import { until } from './until';

/** A server process on a MongoDB database. */
export class MongoServer {
  readonly client: RpcClient;

  private constructor(
    readonly service: ServiceProcess,
    private readonly port: number,
  ) {
    this.client = connect(port);
  }

  /** Starts a server, and waits until it serves. */
  static async start(mongodbUri: string, environment: Record<string, string> = {}): Promise<MongoServer> {
    const { service, port } = await startService({ MONGODB_URI: mongodbUri, ...environment });
    const server = new MongoServer(service, port);
    await server.logged(/^the store answers: serving/);
    return server;
  }

  health(): Promise<Serving> {
    return checkHealth(this.port, '');
  }

  /** The warnings so far. */
  get warnings(): string[] {
    return this.service.log.filter(({ level }) => level === 40).map(({ msg }) => String(msg));
  }

  /** Waits for a line of the log, after the first `skip` lines, and returns its message. */
  logged(pattern: RegExp, skip = 0): Promise<string> {
    return until(`the log has ${String(pattern)}`, () => {
      const lines = this.service.log.slice(skip).map(({ msg }) => String(msg));
      return lines.find((line) => pattern.test(line));
    });
  }
}
