import type { RootDatabase, Transaction } from 'lmdb';
import {
  ConversationError,
  internalError,
  sequenceMismatch,
  sessionNotFound,
  storeUnavailable,
} from '../../core/errors';
import type { NewEvent } from '../../core/event';
import { RecentMap } from '../../core/recent-map';
import type { RequestContext } from '../../core/request-context';
import type { NewSession, Session, SessionEnd } from '../../core/session';
import type {
  AddedEvent,
  CompletedSession,
  CreatedSession,
  PageRange,
  SessionPage,
  SessionRepository,
} from '../../core/session-repository';
import { CommitQueue } from './commit-queue';
import type { DiskSpace } from './disk-space';
import type { StoredSession } from './records';
import { newRowId } from './row-id';
import { type ReadFrom, Tables } from './tables';

/** The end of a session's log. */
interface LogEnd {
  /** 0 where the log is empty. */
  readonly sequence: number;
  /** The last event's time, or the session's start: no later event is before it. */
  readonly timestamp: Date;
}

/** Ends of logs kept at most. */
const ENDS_KEPT = 50_000;

/** What a unit of work came to. */
type Outcome<Value> = { readonly value: Value } | { readonly error: unknown };

/** Sessions in LMDB: one process, one file, durable at each acknowledgement. */
export class EmbeddedSessionRepository implements SessionRepository {
  private readonly tables: Tables;
  private readonly commits: CommitQueue;
  /** Of the sessions written to lately; set before their commit, since after one that fails nothing is written any more. */
  private readonly ends = new RecentMap<LogEnd>(ENDS_KEPT);
  private failure: Error | undefined;

  /**
   * @param unlock lets go of the folder
   * @param onFatal called once when a commit failed: nothing more can be acknowledged in this process
   */
  constructor(
    private readonly root: RootDatabase,
    private readonly disk: DiskSpace,
    private readonly unlock: () => void,
    private readonly onFatal: (error: Error) => void,
  ) {
    this.tables = new Tables(root);
    this.commits = new CommitQueue(root);
  }

  createSession(session: NewSession, context: RequestContext): Promise<CreatedSession> {
    return this.write(context, () => {
      const found = this.tables.findSession(session.sessionId);
      if (found !== undefined) return { session: this.withCount(found), created: false };
      this.disk.throwIfFull();
      const rowId = newRowId().toString('hex');
      const stored = { ...session, rowId, startedAt: new Date(), endedAt: undefined, endReason: '' };
      this.tables.putSession(stored);
      return { session: { ...stored, eventCount: 0 }, created: true };
    });
  }

  completeSession(sessionId: string, end: SessionEnd, context: RequestContext): Promise<CompletedSession> {
    return this.write(context, () => {
      const session = this.getSession(sessionId);
      if (session.endedAt !== undefined) return { session: this.withCount(session), alreadyCompleted: true };
      this.disk.throwIfFull();
      const ended = { ...session, ...end, endedAt: notBefore(session.startedAt) };
      this.tables.putSession(ended);
      return { session: this.withCount(ended), alreadyCompleted: false };
    });
  }

  addEvents(sessionId: string, events: readonly NewEvent[], context: RequestContext): Promise<AddedEvent[]> {
    return this.write(context, () => {
      let end = this.endOfLog(sessionId);
      return events.map(({ eventId, type, payload, expectedSequence }): AddedEvent => {
        const stored = this.tables.findEvent(sessionId, eventId);
        if (stored !== undefined) return { event: stored, duplicate: true };
        this.disk.throwIfFull();
        const { sequence: last, timestamp: earliest } = end;
        if (expectedSequence !== undefined && expectedSequence !== last)
          throw sequenceMismatch(expectedSequence, last);
        const timestamp = notBefore(earliest);
        const event = this.tables.putEvent({
          eventId,
          sessionId,
          sequence: last + 1,
          type,
          payload,
          timestamp,
        });
        end = { sequence: last + 1, timestamp };
        this.ends.set(sessionId, end);
        return { event, duplicate: false };
      });
    });
  }

  readSession(sessionId: string, range: PageRange, context: RequestContext): Promise<SessionPage> {
    return this.read((from) => {
      context.throwIfEnded();
      const session = this.withCount(this.getSession(sessionId, from), from);
      return { session, events: this.tables.readEvents(sessionId, range, from) };
    });
  }

  ping(): Promise<void> {
    return this.read(() => undefined);
  }

  async close(): Promise<void> {
    await this.root.close();
    this.unlock();
  }

  /** Runs the work in the next write transaction, which all who wait for it share, and waits for its sync. */
  private async write<Value>(context: RequestContext, work: () => Value): Promise<Value> {
    this.throwIfFailed();
    let outcome: Outcome<Value>;
    try {
      outcome = await this.commits.run((): Outcome<Value> => {
        try {
          context.throwIfEnded();
          return { value: work() };
        } catch (error) {
          return { error };
        }
      });
    } catch (error) {
      throw this.fail(error);
    }
    if ('value' in outcome) return outcome.value;
    throw outcome.error instanceof ConversationError ? outcome.error : internalError(outcome.error);
  }

  /** Runs the work on one snapshot. */
  private read<Value>(work: (from: ReadFrom) => Value): Promise<Value> {
    let transaction: Transaction | undefined;
    try {
      this.throwIfFailed();
      transaction = this.root.useReadTransaction();
      return Promise.resolve(work({ transaction }));
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : internalError(error));
    } finally {
      transaction?.done();
    }
  }

  /** A commit failed: what it held may or may not be on the disk, so nothing more can be told for certain. */
  private fail(error: unknown): ConversationError {
    if (error instanceof Error && 'commitError' in error) {
      Promise.resolve(error.commitError).catch(() => undefined);
    }
    if (this.failure === undefined) {
      this.failure = new Error(
        'the embedded store could not commit to its disk: check the disk, then start again',
        {
          cause: error,
        },
      );
      this.onFatal(this.failure);
    }
    return storeUnavailable(error);
  }

  private throwIfFailed(): void {
    if (this.failure !== undefined) throw storeUnavailable(this.failure);
  }

  private getSession(sessionId: string, from?: ReadFrom): StoredSession {
    const session = this.tables.findSession(sessionId, from);
    if (session === undefined) throw sessionNotFound(sessionId);
    return session;
  }

  private endOfLog(sessionId: string): LogEnd {
    const known = this.ends.get(sessionId);
    if (known !== undefined) return known;
    const { startedAt } = this.getSession(sessionId);
    const sequence = this.tables.lastSequence(sessionId);
    return sequence === 0 ? { sequence, timestamp: startedAt } : this.tables.getEvent(sessionId, sequence);
  }

  private withCount(session: StoredSession, from?: ReadFrom): Session {
    return { ...session, eventCount: this.tables.lastSequence(session.sessionId, from) };
  }
}

/** Now, or the earliest that it may be: clocks are set back. */
function notBefore(earliest: Date): Date {
  return new Date(Math.max(Date.now(), earliest.getTime()));
}
