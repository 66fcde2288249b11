import { type ServiceProcess, startService } from './service-process';
import { until } from './until';

/** Two server processes on one database, each of which can be restarted on its port. */
export class TwoServers {
  private constructor(
    private readonly mongodbUri: string,
    private readonly services: ServiceProcess[],
    readonly ports: readonly number[],
  ) {}

  static async start(mongodbUri: string): Promise<TwoServers> {
    const started = [await start(mongodbUri), await start(mongodbUri)];
    return new TwoServers(
      mongodbUri,
      started.map(({ service }) => service),
      started.map(({ port }) => port),
    );
  }

  /** Both addresses, as a grpc-js target. */
  get target(): string {
    return `ipv4:${this.ports.map((port) => `127.0.0.1:${port}`).join(',')}`;
  }

  /** Stops a server with a signal, starts a new one on its port, and waits until it serves. Returns the exit code. */
  async restart(index: number, signal: NodeJS.Signals): Promise<{ code: number | null }> {
    const service = this.services[index];
    if (service === undefined) throw new Error(`there is no server ${index}`);
    service.signal(signal);
    const { code } = await service.exit;
    const restarted = await start(this.mongodbUri, this.ports[index]);
    this.services[index] = restarted.service;
    return { code };
  }
}

async function start(mongodbUri: string, port = 0): Promise<{ service: ServiceProcess; port: number }> {
  const started = await startService({ MONGODB_URI: mongodbUri, GRPC_PORT: String(port) });
  const { service } = started;
  await until('the server serves', () => service.log.find(({ msg }) => msg === 'the store answers: serving'));
  return started;
}
