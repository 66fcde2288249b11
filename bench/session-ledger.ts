import { SessionStatus } from '../generated/conversation/v1/session';
import type { RpcClient } from '../test/support/rpc-client';
import type { JobResult, JobSession } from './job';
import { eventIdOf } from './request-template';

/** Number of pages read concurrently. */
const READERS = 4;

const PAGE = 1000;

/** Records how many events of each session a server has acknowledged. */
export class SessionLedger {
  private readonly storedCounts = new Map<string, number>();

  constructor(private readonly client: RpcClient) {}

  /** Creates sessions with IDs that start with the purpose and are as long as those of the echo. */
  async create(purpose: string, count: number): Promise<JobSession[]> {
    const prefix = purpose.toLowerCase().replace(/\W+/g, '-').slice(0, 11).padEnd(11, '-');
    const sessions = Array.from({ length: count }, (_, index) => ({
      sessionId: `${prefix}-${String(index).padStart(4, '0')}`,
    }));
    const status = SessionStatus.SESSION_STATUS_ACTIVE;
    await Promise.all(sessions.map((session) => this.client.createSession({ ...session, status })));
    this.addEmpty(sessions);
    return this.current(sessions);
  }

  /** Adds sessions that exist and have no events. */
  addEmpty(sessions: readonly Pick<JobSession, 'sessionId'>[]): void {
    for (const { sessionId } of sessions) this.storedCounts.set(sessionId, 0);
  }

  /** Returns the sessions with their current numbers of events. */
  current(sessions: readonly Pick<JobSession, 'sessionId'>[]): JobSession[] {
    return sessions.map(({ sessionId }) => ({ sessionId, stored: this.storedCounts.get(sessionId) ?? 0 }));
  }

  /** Adds the events that were acknowledged in a job. */
  recordResult(sessions: readonly JobSession[], { acknowledged }: JobResult): void {
    for (const [index, { sessionId, stored }] of sessions.entries()) {
      this.storedCounts.set(sessionId, stored + (acknowledged[index] ?? 0));
    }
  }

  /** Reads all events of all sessions. @throws if the stored events are not exactly those acknowledged */
  async verify(): Promise<void> {
    const pages = [...this.storedCounts].flatMap(([sessionId, stored]) => {
      const missing = new Set(Array.from({ length: stored }, (_, number) => eventIdOf(number)));
      // One more page than there are full ones, to check that the log ends there.
      const count = Math.floor(stored / PAGE) + 1;
      return Array.from({ length: count }, (_, index) => ({
        sessionId,
        stored,
        missing,
        offset: index * PAGE,
      }));
    });
    const remaining = [...pages];
    const reader = async (): Promise<void> => {
      for (let page = remaining.pop(); page !== undefined; page = remaining.pop())
        await this.verifyPage(page);
    };
    await Promise.all(Array.from({ length: READERS }, reader));
    for (const { sessionId, missing } of pages) {
      if (missing.size > 0) throw new Error(`${sessionId}: ${missing.size} acknowledged events are missing`);
    }
  }

  private async verifyPage({ sessionId, stored, missing, offset }: Page): Promise<void> {
    const { events, pagination } = await this.client.getSession({ sessionId, offset, limit: PAGE });
    const expected = Math.min(PAGE, stored - offset);
    if (pagination?.total !== stored || events.length !== expected)
      throw new Error(
        `${sessionId}: ${stored} events were acknowledged, ${pagination?.total ?? 'none'} are stored; read ${events.length} of ${expected} at offset ${offset}`,
      );
    for (const [index, { sequence, eventId }] of events.entries()) {
      if (sequence !== offset + index + 1 || !missing.delete(eventId))
        throw new Error(
          `${sessionId}: unexpected event ${eventId} with sequence ${sequence} at position ${offset + index + 1}`,
        );
    }
  }
}

/** A page of a session to read. `missing` has the event IDs that no page of the session has returned yet. */
interface Page {
  readonly sessionId: string;
  readonly stored: number;
  readonly missing: Set<string>;
  readonly offset: number;
}
