import type { Config } from './config';
import type { SessionRepository } from './core/session-repository';
import { StartError } from './core/start-error';
import type { WorkBudget } from './core/work-budget';
import { GrpcServer } from './grpc/server';
import { HttpServer } from './http/server';
import type { Telemetry } from './telemetry/telemetry';

/** Where the service listens. */
export interface Ports {
  readonly grpcPort: number;
  /** Undefined: no HTTP. */
  readonly httpPort: number | undefined;
}

/** Connections at once on the HTTP port. */
const CONNECTIONS = 10_000;

/** What callers see: gRPC, and HTTP where it is wanted. They begin, turn ready and end together. */
export class Faces {
  private readonly grpc: GrpcServer;
  private readonly http: HttpServer | undefined;

  constructor(
    private readonly config: Config,
    repository: SessionRepository,
    budget: WorkBudget,
    telemetry: Telemetry,
  ) {
    const { host, grpcPort, httpPort, callDeadlineMs } = config;
    this.grpc = new GrpcServer(
      repository,
      {
        host,
        port: grpcPort,
        callDeadlineMs,
        connectionAgeMs: config.connectionAgeMs,
        retentionMs: config.retentionMs,
        streamsPerConnection: config.streamsPerConnection,
      },
      budget,
      telemetry,
    );
    if (httpPort === undefined) return;
    this.http = new HttpServer(
      repository,
      { host, port: httpPort, requestDeadlineMs: callDeadlineMs, connections: CONNECTIONS },
      budget,
      telemetry,
    );
  }

  /** @throws StartError */
  async listen(): Promise<Ports> {
    const { config } = this;
    const grpcPort = await this.listening('GRPC_PORT', config.grpcPort, this.grpc.listen());
    if (this.http === undefined || config.httpPort === undefined) return { grpcPort, httpPort: undefined };
    return { grpcPort, httpPort: await this.listening('HTTP_PORT', config.httpPort, this.http.listen()) };
  }

  setReady(ready: boolean): void {
    this.grpc.health.set(ready);
    this.http?.setReady(ready);
  }

  async close(graceMs: number): Promise<void> {
    await Promise.all([this.grpc.close(graceMs), this.http?.close(graceMs)]);
  }

  private async listening(setting: string, wanted: number, port: Promise<number>): Promise<number> {
    try {
      return await port;
    } catch (error) {
      await this.close(0);
      throw listenError(setting, this.config.host, wanted, error);
    }
  }
}

function listenError(setting: string, host: string, port: number, error: unknown): StartError {
  const why = error instanceof Error ? error.message : String(error);
  if (/EADDRINUSE/.test(why)) {
    return new StartError(
      `port ${port} on ${host} is in use: stop the program that has it, or set ${setting} to another (0 takes a free one)`,
    );
  }
  return new StartError(`cannot listen on ${host}:${port}: ${why}; check HOST and ${setting}`);
}
