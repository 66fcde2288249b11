import { RpcClient } from '../test/support/rpc-client';
import type { JobResult, JobSession } from './job';
import type { LoadGenerator } from './load-generator';
import { CREATE_SESSION, type Work } from './operations';
import { fillingSessionIdOf } from './request-template';
import type { ServerProcess } from './server-process';
import { SessionLedger } from './session-ledger';

/** Callers that fill a store. */
const FILLING = 256;

/** A server under load, and what it has been acknowledged to hold. */
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

  /** Runs the work on these sessions, from the events that they have by now. */
  async run(work: Work, sessions: readonly Pick<JobSession, 'sessionId'>[]): Promise<JobResult> {
    const now = this.ledger.now(sessions);
    const result = await this.send(work, now);
    this.ledger.enter(now, result);
    return result;
  }

  /** Creates so many sessions, with ids that are numbered from 0. */
  async createSessions(count: number): Promise<void> {
    const counted = [{ sessionId: fillingSessionIdOf(), stored: 0 }];
    await this.send({ ...CREATE_SESSION, inFlight: FILLING, upTo: count }, counted);
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
