import { setTimeout as sleep } from 'node:timers/promises';
import type { Types } from 'mongoose';
import { lastActivityOf, SESSION_STATUSES } from '../../../core/session';
import type { StoreObserver } from '../../../core/store-observer';
import { UnreadableRowError } from '../../../core/unreadable-row';
import type { MongoConnection } from '../connection';
import { isString } from '../documents/check-row';
import { BY_CHANGE, BY_SEQUENCE } from '../documents/schema';
import { QUERY_TIMEOUT_MS } from '../query-timeout';
import type { ExpiryMarks } from './expiry-marks';
import type { FoundSession, SessionFinder } from './session-finder';
import { READ_VALID_MS } from './session-validity';
import { type SessionRevision, writeTombstone } from './session-writer';

/** Sessions checked and deleted concurrently: enough to keep up with new sessions, and to leave them capacity. */
const CONCURRENCY = 16;

/** How long the sweep waits between the mark and the deletion, in milliseconds: longer than a writer relies on a read. */
const WAIT_MS = READ_VALID_MS + 2000;

/** The maximum number of marked sessions that wait for their deletion. */
const MAX_WAITING = 10_000;

/** A session that was expired, and marked, when the sweep read it. */
interface Marked {
  /** Without the metadata: many sessions wait at a time. */
  readonly document: SessionRevision;
  readonly mark: Types.ObjectId;
  /** 0 if the log was empty. */
  readonly lastSequence: number;
  /** By `performance.now()`. */
  readonly deleteAt: number;
}

/**
 * Deletes expired sessions, but none with an event or change that was acknowledged before.
 *
 * Appends do not touch the session's document, so its revision cannot show them. Instead, the sweep
 * marks an expired session, waits longer than any writer relies on its last read of the session, and
 * deletes it only if it still has the mark, the revision and the log's end that the sweep saw then.
 * A writer that read the session before the mark has stored its event within the wait, where the sweep
 * sees it. A later one has seen the mark and removed it.
 */
export class ExpirySweep {
  constructor(
    private readonly connection: MongoConnection,
    private readonly finder: SessionFinder,
    private readonly marks: ExpiryMarks,
    private readonly observer: Pick<StoreObserver, 'unreadableRow'>,
  ) {}

  countUnchanged(since: Date, limit: number): Promise<number> {
    const { sessions } = this.connection.database;
    const filter = { status: { $in: [...SESSION_STATUSES] }, changedAt: { $lte: since } };
    return sessions.countDocuments(filter, { hint: BY_CHANGE, limit, maxTimeMS: QUERY_TIMEOUT_MS });
  }

  /** Deletes the sessions whose last activity was at this time or before. Returns how many. @param signal stops it early */
  async run(since: Date, signal: AbortSignal, onDeleted: (sessionId: string) => void): Promise<number> {
    const { integrity } = this.connection;
    const epoch = await integrity.confirm();
    const waiting: Marked[] = [];
    let count = 0;
    const deleteDue = async (): Promise<void> => {
      await integrity.confirmStill(epoch);
      const due = waiting.splice(0, countDue(waiting));
      const deletions = due.map((marked) => this.deleteUnlessUsed(marked));
      (await Promise.all(deletions)).forEach((deleted, index) => {
        if (!deleted) return;
        count += 1;
        onDeleted(due[index]?.document.sessionId ?? '');
      });
    };
    for await (const group of groups(this.candidates(since))) {
      if (signal.aborted) return count;
      const marked = await Promise.all(group.map((sessionId) => this.markIfExpired(sessionId, since)));
      waiting.push(...marked.filter((session) => session !== undefined));
      if (waiting.length >= MAX_WAITING) await untilDue(waiting, signal);
      await deleteDue();
    }
    while (waiting.length > 0 && !signal.aborted) {
      await untilDue(waiting, signal);
      await deleteDue();
    }
    return count;
  }

  private async *candidates(since: Date): AsyncGenerator<string> {
    const { sessions } = this.connection.database;
    for (const status of SESSION_STATUSES) {
      const rows = sessions.find(
        { status, changedAt: { $lte: since } },
        { sort: BY_CHANGE, hint: BY_CHANGE, projection: { sessionId: 1 } },
      );
      // Another program may have written it. A row without an ID is not a session's.
      for await (const { sessionId } of rows) if (isString(sessionId)) yield sessionId;
    }
  }

  /** Returns undefined if the session is not expired, has changed meanwhile, or cannot be read. */
  private async markIfExpired(sessionId: string, since: Date): Promise<Marked | undefined> {
    try {
      const found = await this.finder.find(sessionId);
      if (found === undefined || !isExpired(found, since)) return undefined;
      const mark = found.document.expiring ?? (await this.marks.set(found.document));
      if (mark === undefined) return undefined;
      // Another server may have set the mark: it is not known to be older than this read.
      const deleteAt = performance.now() + WAIT_MS;
      const marked = await this.finder.find(sessionId);
      if (marked?.document.expiring?.equals(mark) !== true || !isExpired(marked, since)) return undefined;
      const { _id, revision } = marked.document;
      const document = { _id, sessionId, revision };
      return { document, mark, lastSequence: marked.last?.sequence ?? 0, deleteAt };
    } catch (error) {
      if (!(error instanceof UnreadableRowError)) throw error;
      this.observer.unreadableRow(error);
      return undefined;
    }
  }

  private async deleteUnlessUsed({ document, mark, lastSequence }: Marked): Promise<boolean> {
    const { database } = this.connection;
    if (await hasEvent(this.connection, document.sessionId, lastSequence + 1)) return false;
    return (await writeTombstone(database, document, { expiring: mark })) === true;
  }
}

function isExpired({ document: { changedAt }, last }: FoundSession, since: Date): boolean {
  return lastActivityOf({ changedAt, lastEventAt: last?.timestamp }) <= since;
}

/** Confirmed: the majority snapshot of a new primary may lag behind an acknowledged event. */
async function hasEvent(
  { database, confirmedReads }: MongoConnection,
  sessionId: string,
  sequence: number,
): Promise<boolean> {
  const found = await confirmedReads.run((options) =>
    database.events.findOne(
      { sessionId, sequence },
      { projection: { _id: 1 }, hint: BY_SEQUENCE, ...options },
    ),
  );
  return found !== null;
}

async function* groups(sessionIds: AsyncIterable<string>): AsyncGenerator<string[]> {
  let group: string[] = [];
  for await (const sessionId of sessionIds) {
    group.push(sessionId);
    if (group.length < CONCURRENCY) continue;
    yield group;
    group = [];
  }
  yield group;
}

/** Returns how many of the first sessions can be deleted now, at most as many as concurrently. */
function countDue(waiting: readonly Marked[]): number {
  const now = performance.now();
  const end = waiting.slice(0, CONCURRENCY).findIndex(({ deleteAt }) => deleteAt > now);
  return end < 0 ? Math.min(waiting.length, CONCURRENCY) : end;
}

async function untilDue([first]: readonly Marked[], signal: AbortSignal): Promise<void> {
  if (first === undefined) return;
  const ms = Math.max(0, first.deleteAt - performance.now());
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
