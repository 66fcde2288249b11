import { setTimeout as sleep } from 'node:timers/promises';
import { storeUnavailable } from '../../../core/errors';
import type { NewEvent } from '../../../core/event';
import type { RequestContext } from '../../../core/request-context';
import type { AppendedEvent } from '../../../core/store';
import type { StoreObserver } from '../../../core/store-observer';
import { BoundedMap } from '../../bounded-map';
import type { MongoConnection } from '../connection';
import { isTransient, isUnreachable, toConversationError } from '../errors';
import type { EventCleanup } from '../events/event-cleanup';
import type { EventFinder } from '../events/event-finder';
import type { Integrity } from '../integrity';
import { appendAtEnd } from './append-at-end';
import { EventInserter } from './insert-batch';
import type { LogHead, LogHeads } from './log-heads';
import { PendingAppend } from './pending-append';
import { planBatch, type PlannedEvent } from './plan-batch';
import { Reconciler } from './reconcile';

/** About the first delay after a transient error, and the longest, in milliseconds. */
const FIRST_RETRY_DELAY_MS = 25;
const MAX_RETRY_DELAY_MS = 1000;

/** The longest delay after a conflict, and the mean one after a write to a contended session, in milliseconds. */
const CONFLICT_DELAY_MS = 40;

/** After so many conflicts in a row, the database itself finds the end of the log and inserts there. */
const CONFLICTS_BEFORE_APPEND_AT_END = 2;

/** How long a session counts as contended after a conflict, in milliseconds, and how many sessions can. */
const CONTENDED_MS = 5000;
const MAX_CONTENDED = 10_000;

/** The dependencies of all queues; shared by them. */
export interface QueueDependencies {
  readonly connection: MongoConnection;
  readonly integrity: Pick<Integrity, 'confirm' | 'confirmStill'>;
  readonly heads: Pick<LogHeads, 'get' | 'confirm' | 'advance' | 'invalidate'>;
  readonly finder: Pick<EventFinder, 'expectsDuplicates'>;
  readonly inserter: Pick<EventInserter, 'insert'>;
  readonly cleanup: Pick<EventCleanup, 'removeAgain'>;
  readonly reconciler: Pick<Reconciler, 'answerStored' | 'checkExpectedSequence'>;
  /** When each session had its last conflict with another server, by `performance.now()`. */
  readonly conflictTimes: BoundedMap<number>;
  readonly observer: StoreObserver;
}

/** Appends events to logs, with one queue for each session that has pending appends. */
export class AppendQueues {
  private readonly dependencies: QueueDependencies;
  private readonly queues = new Map<string, AppendQueue>();

  constructor(
    connection: MongoConnection,
    heads: LogHeads,
    finder: EventFinder,
    cleanup: EventCleanup,
    observer: StoreObserver,
  ) {
    const inserter = new EventInserter(connection, observer);
    const reconciler = new Reconciler(heads, finder);
    const conflictTimes = new BoundedMap<number>(MAX_CONTENDED);
    const { integrity } = connection;
    this.dependencies = {
      ...{ connection, integrity, heads, finder, inserter, cleanup, reconciler },
      ...{ conflictTimes, observer },
    };
  }

  append(sessionId: string, events: readonly NewEvent[], context: RequestContext): Promise<AppendedEvent[]> {
    const queue = this.queueOf(sessionId);
    const appends = events.map((event) => new PendingAppend(event, context));
    for (const append of appends) queue.add(append);
    return Promise.all(appends.map(({ result }) => result));
  }

  private queueOf(sessionId: string): AppendQueue {
    const existing = this.queues.get(sessionId);
    if (existing !== undefined) return existing;
    const queue = new AppendQueue(sessionId, this.dependencies, () => this.queues.delete(sessionId));
    this.queues.set(sessionId, queue);
    return queue;
  }
}

/**
 * The pending appends of one session, in order, with at most one write in flight: with two, a
 * failure of the first would leave a gap before the second. Appends that arrive meanwhile go out
 * together in the next write.
 */
export class AppendQueue {
  private pending: PendingAppend[] = [];
  private running = false;
  /** How many pending appends arrived before the session was last read. */
  private pendingAtRead = 0;
  /** The epoch of `Integrity` in which the head was read. */
  private epoch = 0;
  /** Whether an event may have been stored since the queue was created. */
  private hasWritten = false;
  /** Transient errors in a row. */
  private failures = 0;
  /** Conflicts with other servers in a row. */
  private conflicts = 0;

  /** @param onIdle called when no append is pending any more */
  constructor(
    private readonly sessionId: string,
    private readonly dependencies: QueueDependencies,
    private readonly onIdle: () => void,
  ) {}

  add(append: PendingAppend): void {
    this.pending.push(append);
    if (!this.running) void this.run();
  }

  private async run(): Promise<void> {
    this.running = true;
    while (this.pending.length > 0) {
      try {
        await this.writeNext();
      } catch (error) {
        await this.retryOrFail(error);
      }
      this.pending = this.pending.filter((append) => !append.isAnswered);
    }
    this.running = false;
    this.onIdle();
  }

  private async writeNext(): Promise<void> {
    const { integrity, heads, finder, reconciler } = this.dependencies;
    this.pendingAtRead = this.pending.length;
    this.epoch = await integrity.confirm();
    const head = await heads.get(this.sessionId);
    const contended = this.isContended();
    let batch = this.plan(head);
    if (batch.length > 0 && finder.expectsDuplicates && !contended) {
      await reconciler.answerStored(this.sessionId, batch, head);
      batch = this.plan(head);
    }
    const [first] = batch;
    if (first === undefined) await this.checkExpectedSequence();
    else if (this.conflicts >= CONFLICTS_BEFORE_APPEND_AT_END && canAppendAtEnd(first.append, head))
      await this.appendAtEnd(first, head);
    else await this.insert(batch, head, contended);
  }

  /** Plans a batch without the appends whose callers are gone; those fail here. */
  private plan(head: LogHead): PlannedEvent[] {
    const awaited = this.pending.filter((append) => append.isAwaited());
    return planBatch(this.sessionId, awaited, head, Date.now());
  }

  private async checkExpectedSequence(): Promise<void> {
    const next = this.pending.find((append) => !append.isAnswered);
    if (next !== undefined) await this.dependencies.reconciler.checkExpectedSequence(this.sessionId, next);
  }

  /** Inserts the batch right after the head. */
  private async insert(batch: readonly PlannedEvent[], head: LogHead, contended: boolean): Promise<void> {
    const { integrity, heads, inserter, reconciler } = this.dependencies;
    this.hasWritten = true;
    const { stored, conflict } = await inserter.insert(batch, { alone: contended });
    const last = batch[stored - 1];
    if (last !== undefined) {
      heads.advance(this.sessionId, head, last.event);
      await heads.confirm(this.sessionId, head);
    }
    await integrity.confirmStill(this.epoch);
    for (const { append, event, duplicates } of batch.slice(0, stored)) {
      append.succeed(event, false);
      for (const duplicate of duplicates) duplicate.succeed(event, true);
    }
    this.failures = 0;
    const [next] = batch.slice(stored);
    if (conflict && next !== undefined) {
      await reconciler.answerStored(this.sessionId, batch.slice(stored), head);
      if (!next.append.isAnswered) await this.backOffAfterConflict();
    } else if (contended) {
      await this.backOffAfterWrite();
    }
  }

  /** Appends one event at the end of the log, so that another server that wins every race has a conflict too. */
  private async appendAtEnd(first: PlannedEvent, head: LogHead): Promise<void> {
    const { connection, integrity, reconciler } = this.dependencies;
    this.hasWritten = true;
    await appendAtEnd(connection.database, first);
    await integrity.confirmStill(this.epoch);
    await reconciler.answerStored(this.sessionId, [first], head);
    if (first.append.isAnswered) await this.backOffAfterWrite();
    else await this.backOffAfterConflict();
  }

  /** Another server took the sequence. The delay comes before the head is read: that read is outdated at once. */
  private async backOffAfterConflict(): Promise<void> {
    const { heads, conflictTimes, observer } = this.dependencies;
    heads.invalidate(this.sessionId);
    conflictTimes.set(this.sessionId, performance.now());
    observer.appendConflict();
    this.conflicts += 1;
    await sleep(Math.random() * Math.min(2 ** this.conflicts, CONFLICT_DELAY_MS));
  }

  /** Leaves the other server of a contended session the time to read the new head and to write. */
  private async backOffAfterWrite(): Promise<void> {
    this.conflicts = 0;
    this.dependencies.heads.invalidate(this.sessionId);
    await sleep(CONFLICT_DELAY_MS * (0.5 + Math.random()));
  }

  /** The outcome is unknown: after a transient error the appends stay pending until their deadlines, else they fail. */
  private async retryOrFail(error: unknown): Promise<void> {
    this.dependencies.heads.invalidate(this.sessionId);
    if (!isTransient(error) || isUnreachable(error)) {
      // Later appends may belong to a session that was created since the read.
      const failure = toConversationError(error);
      for (const append of this.pending.slice(0, this.pendingAtRead)) append.fail(failure);
      if (failure.reason === 'SESSION_NOT_FOUND' && this.hasWritten) this.removeLateEvents();
      return;
    }
    this.failures += 1;
    const maxDelayMs = Math.min(FIRST_RETRY_DELAY_MS * 2 ** this.failures, MAX_RETRY_DELAY_MS);
    const delayMs = maxDelayMs * (0.5 + Math.random() / 2);
    for (const append of this.pending) if (!append.canWait(delayMs)) append.fail(storeUnavailable(error));
    await sleep(delayMs);
  }

  /** An event that was stored after the session's deletion is removed with the tombstone at the latest. */
  private removeLateEvents(): void {
    this.dependencies.cleanup.removeAgain(this.sessionId).catch(() => undefined);
  }

  /** Whether another server appends to the session too, judging by a recent conflict. */
  private isContended(): boolean {
    const conflictAt = this.dependencies.conflictTimes.get(this.sessionId);
    return conflictAt !== undefined && performance.now() - conflictAt < CONTENDED_MS;
  }
}

/** An append with an expected sequence goes there or nowhere, and an empty log has no end to append after. */
function canAppendAtEnd({ event }: PendingAppend, head: LogHead): boolean {
  return event.expectedSequence === undefined && head.sequence > 0;
}
