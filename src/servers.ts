import type { Config } from './config/settings';
import type { Store } from './core/store';
import { StartupError } from './core/startup-error';
import type { InFlightBudget } from './calls/in-flight-budget';
import { HealthServer } from './grpc/health-server';
import { GrpcServer } from './grpc/server';
import { HttpServer } from './http/server';
import type { Security } from './security/open-security';
import type { Telemetry } from './telemetry/telemetry';

/** Where the service listens. */
export interface Ports {
  readonly grpcPort: number;
  /** Undefined: no HTTP. */
  readonly httpPort: number | undefined;
  /** Undefined: health has no port of its own. */
  readonly healthPort: number | undefined;
}

/** What callers see: gRPC, and HTTP and health alone where they are wanted. They begin, turn ready and end together. */
export class Servers {
  private readonly grpc: GrpcServer;
  private readonly http: HttpServer | undefined;
  private readonly health: HealthServer | undefined;

  constructor(
    private readonly config: Config,
    store: Store,
    { authorizer, tls }: Security,
    budget: InFlightBudget,
    telemetry: Telemetry,
  ) {
    const { host, maxConnections, grpcPort, httpPort, healthPort, defaultDeadlineMs } = config;
    const { maxConnectionAgeMs, retentionMs, maxStreamsPerConnection, reflection } = config;
    this.grpc = new GrpcServer(
      store,
      {
        ...{ host, port: grpcPort, maxConnections, tls, authorizer, reflection },
        ...{ defaultDeadlineMs, maxConnectionAgeMs, retentionMs, maxStreamsPerConnection },
      },
      budget,
      telemetry,
    );
    if (httpPort !== undefined) {
      this.http = new HttpServer(
        store,
        { host, port: httpPort, maxConnections, tls, authorizer, defaultDeadlineMs },
        budget,
        telemetry,
      );
    }
    if (healthPort !== undefined) {
      this.health = new HealthServer({ host, port: healthPort, maxConnections }, telemetry);
    }
  }

  /** @throws StartupError */
  async listen(): Promise<Ports> {
    const { grpcPort, httpPort = 0, healthPort = 0 } = this.config;
    try {
      return {
        grpcPort: await this.listening('GRPC_PORT', grpcPort, this.grpc),
        httpPort: this.http && (await this.listening('HTTP_PORT', httpPort, this.http)),
        healthPort: this.health && (await this.listening('HEALTH_PORT', healthPort, this.health)),
      };
    } catch (error) {
      await this.close(0);
      throw error;
    }
  }

  setReady(ready: boolean): void {
    this.grpc.health.set(ready);
    this.health?.health.set(ready);
    this.http?.setReady(ready);
  }

  async close(graceMs: number): Promise<void> {
    this.setReady(false);
    await Promise.all([this.grpc.close(graceMs), this.http?.close(graceMs)]);
    // It tells of the process until there is nothing left of it.
    this.health?.close();
  }

  private async listening(
    setting: string,
    port: number,
    server: { listen(): Promise<number> },
  ): Promise<number> {
    try {
      return await server.listen();
    } catch (error) {
      const { host } = this.config;
      const why = error instanceof Error ? error.message : String(error);
      if (/EADDRINUSE/.test(why)) {
        throw new StartupError(
          `port ${port} on ${host} is in use: stop the program that has it, or set ${setting} to another (0 takes a free one)`,
        );
      }
      throw new StartupError(`cannot listen on ${host}:${port}: ${why}; check HOST and ${setting}`);
    }
  }
}
