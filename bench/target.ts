import { RpcClient } from '../test/support/rpc-client';
import type { JobResult, JobSession } from './job';
import type { LoadGenerator } from './load-generator';
import type { Work } from './operations';
import type { ServerProcess } from './server-process';
import { SessionLedger } from './session-ledger';

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

  /** Creates so many sessions, of which nothing is kept here, some at once. */
  async createSessions(prefix: string, count: number, atOnce: number): Promise<void> {
    let created = 0;
    const creator = async (): Promise<void> => {
      while (created < count) {
        created += 1;
        await this.client.createSession({ sessionId: `${prefix}-${created}` });
      }
    };
    await Promise.all(Array.from({ length: atOnce }, creator));
  }

  async stop(): Promise<void> {
    this.client.close();
    await this.server.stop();
  }
}
