import type { Config } from './config/settings';
import { errorMessage } from './core/error-message';
import type { Store } from './core/store';
import { StartupError } from './core/startup-error';
import type { InFlightBudget } from './calls/in-flight-budget';
import { HealthServer } from './grpc/health-server';
import { GrpcServer } from './grpc/server';
import { HttpServer } from './http/server';
import type { Security } from './security/open-security';
import type { Telemetry } from './telemetry/telemetry';

/** The ports that the service listens on. */
export interface Ports {
  readonly grpcPort: number;
  /** Undefined: HTTP is disabled. */
  readonly httpPort: number | undefined;
  /** Undefined: health has no separate port. */
  readonly healthPort: number | undefined;
}

/** The gRPC server and, where enabled, the HTTP and the health server; they listen, turn ready and close together. */
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
        grpcPort: await this.listenOn('GRPC_PORT', grpcPort, this.grpc),
        httpPort: this.http && (await this.listenOn('HTTP_PORT', httpPort, this.http)),
        healthPort: this.health && (await this.listenOn('HEALTH_PORT', healthPort, this.health)),
      };
    } catch (error) {
      await this.close(0);
      throw error;
    }
  }

  /** Whether the service reports that it can serve calls. */
  setReady(ready: boolean): void {
    this.grpc.health.set(ready);
    this.health?.health.set(ready);
    this.http?.setReady(ready);
  }

  /** @param graceMs how long calls in flight may take to finish, in milliseconds */
  async close(graceMs: number): Promise<void> {
    this.setReady(false);
    await Promise.all([this.grpc.close(graceMs), this.http?.close(graceMs)]);
    // Last, so that liveness probes succeed until the end.
    this.health?.close();
  }

  private async listenOn(
    setting: string,
    port: number,
    server: { listen(): Promise<number> },
  ): Promise<number> {
    try {
      return await server.listen();
    } catch (error) {
      const { host } = this.config;
      const reason = errorMessage(error);
      if (/EADDRINUSE/.test(reason)) {
        throw new StartupError(
          `port ${port} on ${host} is in use: stop the program that uses it, or set ${setting} to another port (0 picks a free one)`,
        );
      }
      throw new StartupError(`cannot listen on ${host}:${port}: ${reason}; check HOST and ${setting}`);
    }
  }
}
