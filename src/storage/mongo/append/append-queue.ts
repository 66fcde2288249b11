import { setTimeout as sleep } from 'node:timers/promises';
import { sequenceMismatch, storeUnavailable } from '../../../core/errors';
import type { Event } from '../../../core/event';
import type { StoreObserver } from '../../../core/store-observer';
import type { PendingAppend } from './pending-append';
import { appendAtEnd } from './append-at-end';
import type { MongoConnection } from '../connection';
import type { Contention } from './contention';
import { newEventDocument, toEvent } from '../documents/event-document';
import { isTransient, isUnreachable, toConversationError } from '../errors';
import type { EventInserter } from './group-commit';
import type { EventFinder } from '../events/event-finder';
import type { LogHead, LogHeads } from './log-heads';

/** Events and bytes of payload that one session has in one write at most. */
const WRITE_EVENTS = 1000;
const WRITE_BYTES = 4 * 1024 * 1024;

/** Pauses after a failure that passes, in milliseconds: about the first one, and the longest. */
const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 1000;

/** The longest pause after a lost race, and about the one that a write to a contended session leaves to the other server. */
const RACE_PAUSE_MS = 40;

/** After so many races that it lost, a server has the database find the end of the log and insert there. */
const RACES_BEFORE_END = 2;

/** What all lanes of a server work with. */
export interface SharedByLanes {
  readonly connection: MongoConnection;
  readonly stored: EventFinder;
  readonly tails: LogHeads;
  readonly contention: Contention;
  readonly group: EventInserter;
  readonly observer: StoreObserver;
}

/** An append, the event that it is to become, and later appends of the same event id. */
interface PlannedEvent {
  readonly append: PendingAppend;
  readonly event: Event;
  readonly duplicates: PendingAppend[];
}

/**
 * The appends of one session, in order, with at most one write in flight: were
 * there two, the failure of the first would leave a gap before the second.
 * What arrives meanwhile goes out together in the next write.
 */
export class AppendQueue {
  /** In the order in which they came. */
  private waiting: PendingAppend[] = [];
  private running = false;
  /** How many of those that wait were there when the store was last asked for the session. */
  private asked = 0;
  private failures = 0;
  private lostRaces = 0;

  private readonly stored: EventFinder;
  private readonly tails: LogHeads;
  private readonly contention: Contention;

  /**
   * @param shared what all lanes of a server work with
   * @param onIdle called when nothing waits any more
   */
  constructor(
    private readonly sessionId: string,
    private readonly shared: SharedByLanes,
    private readonly onIdle: () => void,
  ) {
    ({ stored: this.stored, tails: this.tails, contention: this.contention } = shared);
  }

  add(append: PendingAppend): void {
    this.waiting.push(append);
    if (!this.running) void this.run();
  }

  private async run(): Promise<void> {
    this.running = true;
    while (this.waiting.length > 0) {
      try {
        await this.writeNext();
      } catch (error) {
        await this.retryOrFail(error);
      }
      this.waiting = this.waiting.filter((append) => !append.isAnswered);
    }
    this.running = false;
    this.onIdle();
  }

  private async writeNext(): Promise<void> {
    this.asked = this.waiting.length;
    const tail = await this.tails.get(this.sessionId);
    let batch = this.planBatch(tail);
    const contended = this.contention.has(this.sessionId);
    if (batch.length > 0 && this.stored.expectsDuplicates && !contended) {
      await this.answerStored(batch);
      batch = this.planBatch(tail);
    }
    const [first] = batch;
    if (first === undefined) {
      await this.checkExpectedSequence();
    } else if (this.lostRaces >= RACES_BEFORE_END && mayGoAtEnd(first.append, tail)) {
      await this.writeAtEnd(first);
    } else {
      await this.write(batch, tail, contended);
    }
  }

  /** Inserts the batch right after the tail. */
  private async write(batch: readonly PlannedEvent[], tail: LogHead, contended: boolean): Promise<void> {
    const documents = batch.map(({ append, event }) => newEventDocument(append.rowId, event));
    const { stored, conflict } = await this.shared.group.insert(documents, contended);
    const last = batch[stored - 1];
    if (last !== undefined) {
      this.tails.advance(this.sessionId, tail, last.event.sequence, last.event.timestamp.getTime());
    }
    for (const { append, event, duplicates } of batch.slice(0, stored)) {
      append.succeed(event, false);
      for (const repeat of duplicates) repeat.succeed(event, true);
    }
    this.failures = 0;
    const [stopped] = batch.slice(stored);
    if (conflict && stopped !== undefined) {
      await this.answerStored(batch.slice(stored));
      if (!stopped.append.isAnswered) await this.afterLostRace();
    } else if (contended) {
      await this.backOff();
    }
  }

  /** Puts one event at the end of the log, so that a server which always comes first notices this one. */
  private async writeAtEnd(first: PlannedEvent): Promise<void> {
    await appendAtEnd(this.shared.connection.database, newEventDocument(first.append.rowId, first.event));
    await this.answerStored([first]);
    if (first.append.isAnswered) await this.backOff();
    else await this.afterLostRace();
  }

  /** The next batch, each at its place: each event id once, and nothing for callers who are gone. */
  private planBatch(tail: LogHead): PlannedEvent[] {
    const timestamp = new Date(Math.max(Date.now(), tail.timestamp));
    const batch = new Map<string, PlannedEvent>();
    let bytes = 0;
    for (const append of this.waiting) {
      if (!append.isAwaited()) continue;
      const { eventId, type, payload, expectedSequence } = append.event;
      const first = batch.get(eventId);
      if (first !== undefined) {
        first.duplicates.push(append);
        continue;
      }
      const last = tail.sequence + batch.size;
      bytes += payload.bytes.length;
      if (batch.size === WRITE_EVENTS || (batch.size > 0 && bytes > WRITE_BYTES)) break;
      if (expectedSequence !== undefined && expectedSequence !== last) break;
      const rowId = append.rowId.id;
      const event = {
        rowId,
        eventId,
        sessionId: this.sessionId,
        sequence: last + 1,
        type,
        payload,
        timestamp,
      };
      batch.set(eventId, { append, event, duplicates: [] });
    }
    return [...batch.values()];
  }

  /**
   * The next append expects another end than the one known: it is answered only after
   * a read of the store. The event is looked for after the end, since an event that
   * was stored is never told that its expectation fails.
   */
  private async checkExpectedSequence(): Promise<void> {
    const append = this.waiting.find(({ isAnswered }) => !isAnswered);
    const expected = append?.event.expectedSequence;
    if (append === undefined || expected === undefined) return;
    const { sequence } = await this.tails.read(this.sessionId);
    await this.answerStored([{ append, duplicates: [] }]);
    if (!append.isAnswered && sequence !== expected) append.fail(sequenceMismatch(expected, sequence));
  }

  /** Answers those whose events are stored already, by a read of the majority. */
  private async answerStored(sought: readonly Pick<PlannedEvent, 'append' | 'duplicates'>[]): Promise<void> {
    const eventIds = sought.map(({ append }) => append.event.eventId);
    const found = await this.stored.find(this.sessionId, eventIds);
    const stored = new Map(found.map((document) => [document.eventId, document]));
    for (const { append, duplicates } of sought) {
      const document = stored.get(append.event.eventId);
      if (document === undefined) continue;
      const event = toEvent(document);
      append.succeed(event, !document._id.equals(append.rowId));
      for (const repeat of duplicates) repeat.succeed(event, true);
    }
  }

  /** Another server took the place. The pause comes before the next look at the tail, which is old at once. */
  private async afterLostRace(): Promise<void> {
    this.tails.invalidate(this.sessionId);
    this.contention.noteLostRace(this.sessionId);
    this.shared.observer.appendConflict();
    this.lostRaces += 1;
    await sleep(Math.random() * Math.min(2 ** this.lostRaces, RACE_PAUSE_MS));
  }

  /** After a write to a contended session the other server has the time to look at the tail and to write: it is another one then. */
  private async backOff(): Promise<void> {
    this.lostRaces = 0;
    this.tails.invalidate(this.sessionId);
    await sleep(RACE_PAUSE_MS * (0.5 + Math.random()));
  }

  /** After an error the outcome is not known: what waits is tried again while its callers wait, or told. */
  private async retryOrFail(error: unknown): Promise<void> {
    this.tails.invalidate(this.sessionId);
    if (!isTransient(error) || isUnreachable(error)) {
      // Who came later may know of a session that was created meanwhile.
      for (const append of this.waiting.slice(0, this.asked)) append.fail(toConversationError(error));
      return;
    }
    this.failures += 1;
    const longest = Math.min(FIRST_PAUSE_MS * 2 ** this.failures, LONGEST_PAUSE_MS);
    const ms = longest * (0.5 + Math.random() / 2);
    for (const append of this.waiting) if (!append.canWait(ms)) append.fail(storeUnavailable(error));
    await sleep(ms);
  }
}

/** What expects a sequence goes there or nowhere, and an empty log has no end to put an event after. */
function mayGoAtEnd({ event }: PendingAppend, tail: LogHead): boolean {
  return event.expectedSequence === undefined && tail.sequence > 0;
}
