import { SessionStatus } from '../generated/conversation/v1/session';
import type { RpcClient } from '../test/support/rpc-client';
import type { JobResult, JobSession } from './job';
import { eventIdOf } from './request-template';

/** Pages that are read back at once. */
const READERS = 4;

const PAGE = 1000;

/** The sessions that a server was given events of, and how many of each it acknowledged. */
export class SessionLedger {
  private readonly stored = new Map<string, number>();

  constructor(private readonly client: RpcClient) {}

  /** Creates sessions that are called by what they are for, their ids as long as those of the echo. */
  async create(purpose: string, count: number): Promise<JobSession[]> {
    const prefix = purpose.toLowerCase().replace(/\W+/g, '-').slice(0, 11).padEnd(11, '-');
    const sessions = Array.from({ length: count }, (_, index) => ({
      sessionId: `${prefix}-${String(index).padStart(4, '0')}`,
    }));
    const status = SessionStatus.SESSION_STATUS_ACTIVE;
    await Promise.all(sessions.map((session) => this.client.createSession({ ...session, status })));
    this.enterEmpty(sessions);
    return this.now(sessions);
  }

  /** Takes down sessions that were created. */
  enterEmpty(sessions: readonly Pick<JobSession, 'sessionId'>[]): void {
    for (const { sessionId } of sessions) this.stored.set(sessionId, 0);
  }

  /** The sessions with the events that they have by now. */
  now(sessions: readonly Pick<JobSession, 'sessionId'>[]): JobSession[] {
    return sessions.map(({ sessionId }) => ({ sessionId, stored: this.stored.get(sessionId) ?? 0 }));
  }

  /** Takes down what a job was acknowledged. */
  enter(sessions: readonly JobSession[], { acknowledged }: JobResult): void {
    for (const [index, { sessionId, stored }] of sessions.entries()) {
      this.stored.set(sessionId, stored + (acknowledged[index] ?? 0));
    }
  }

  /** Reads every session whole. @throws where what was acknowledged is not what is stored */
  async verify(): Promise<void> {
    const pages = [...this.stored].flatMap(([sessionId, stored]) => {
      const awaited = new Set(Array.from({ length: stored }, (_, number) => eventIdOf(number)));
      // One more than is full, which shows that the log ends where it should.
      const count = Math.floor(stored / PAGE) + 1;
      return Array.from({ length: count }, (_, index) => ({
        sessionId,
        stored,
        awaited,
        offset: index * PAGE,
      }));
    });
    const left = [...pages];
    const reader = async (): Promise<void> => {
      for (let page = left.pop(); page !== undefined; page = left.pop()) await this.verifyPage(page);
    };
    await Promise.all(Array.from({ length: READERS }, reader));
    for (const { sessionId, awaited } of pages) {
      if (awaited.size > 0)
        throw new Error(`${sessionId}: ${awaited.size} events are missing or out of place`);
    }
  }

  private async verifyPage({ sessionId, stored, awaited, offset }: Page): Promise<void> {
    const { events, pagination } = await this.client.getSession({ sessionId, offset, limit: PAGE });
    const expected = Math.min(PAGE, stored - offset);
    if (pagination?.total !== stored || events.length !== expected)
      throw new Error(
        `${sessionId}: ${stored} events were acknowledged, ${pagination?.total ?? 'none'} are stored; ${events.length} of ${expected} were read after ${offset}`,
      );
    for (const [index, { sequence, eventId }] of events.entries()) {
      if (sequence !== offset + index + 1 || !awaited.delete(eventId))
        throw new Error(
          `${sessionId}: ${eventId} with sequence ${sequence} was read at ${offset + index + 1}`,
        );
    }
  }
}

/** A page to read of a session, and the ids that its pages have not shown yet. */
interface Page {
  readonly sessionId: string;
  readonly stored: number;
  readonly awaited: Set<string>;
  readonly offset: number;
}
