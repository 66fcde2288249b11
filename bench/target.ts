import { RpcClient } from '../test/support/rpc-client';
import type { JobResult, JobSession } from './job';
import type { LoadGenerator } from './load-generator';
import { CREATE_SESSION, type Work } from './operations';
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
    const { server, mongodPid } = this;
    const now = this.ledger.now(sessions);
    const job = { ...work, port: server.port, sessions: now, serverPid: server.pid, mongodPid };
    const result = await this.generator.run(job);
    this.ledger.enter(now, result);
    return result;
  }

  /** Creates so many sessions. @throws unless it is told of each that it is new */
  async createSessions(sessions: number): Promise<void> {
    const { server, mongodPid } = this;
    const counted = [{ sessionId: '', stored: 0 }];
    const job = {
      ...CREATE_SESSION,
      inFlight: FILLING,
      upTo: sessions,
      port: server.port,
      sessions: counted,
    };
    const { acknowledged } = await this.generator.run({ ...job, serverPid: server.pid, mongodPid });
    if (acknowledged[0] !== sessions) throw new Error(`not all of ${sessions} sessions were created`);
  }

  async stop(): Promise<void> {
    this.client.close();
    await this.server.stop();
  }
}
