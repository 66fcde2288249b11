import { RpcClient } from '../test/support/rpc-client';
import type { JobResult, JobSession } from './job';
import type { LoadGenerator } from './load-generator';
import { CREATE_SESSION, type Work } from './operations';
import { fillSessionIdOf } from './request-template';
import type { ServerProcess } from './server-process';
import { SessionLedger } from './session-ledger';

/** Number of concurrent callers that fill a store. */
const FILL_CALLERS = 256;

/** A server under load, and the events that it has acknowledged. */
export class Target {
  readonly ledger: SessionLedger;
  private readonly client: RpcClient;

  constructor(
    readonly server: ServerProcess,
    private readonly mongodPid: number | undefined,
    private readonly generator: LoadGenerator,
  ) {
    this.client = new RpcClient(server.port);
    this.ledger = new SessionLedger(this.client);
  }

  /** Runs the work on the sessions, and records the acknowledged events. */
  async run(work: Work, sessions: readonly Pick<JobSession, 'sessionId'>[]): Promise<JobResult> {
    const current = this.ledger.current(sessions);
    const result = await this.send(work, current);
    this.ledger.recordResult(current, result);
    return result;
  }

  /** Creates `count` sessions with IDs numbered from 0. */
  async createSessions(count: number): Promise<void> {
    const template = [{ sessionId: fillSessionIdOf(), stored: 0 }];
    await this.send({ ...CREATE_SESSION, inFlight: FILL_CALLERS, upTo: count }, template);
  }

  async stop(): Promise<void> {
    this.client.close();
    await this.server.stop();
  }

  private send(work: Work, sessions: readonly JobSession[]): Promise<JobResult> {
    const { server, mongodPid } = this;
    return this.generator.run({
      ...work,
      sessions,
      port: server.port,
      serverPid: server.pid,
      mongodPid,
    });
  }
}
