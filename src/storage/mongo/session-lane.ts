import type { Event } from '../../core/event';
import { storeUnavailable } from '../../core/errors';
import type { Append } from './append';
import type { MongoConnection } from './connection';
import { newEventDocument, toEvent } from './documents';
import { isPassing, isUnreachable, toConversationError } from './driver-errors';
import type { InsertOutcome } from './insert-events';
import type { EventDocument } from './schemas';
import type { Tails } from './tails';
import { pause, within } from './time-limit';

/** Events and bytes of payload that one write takes at most. */
const WRITE_EVENTS = 1000;
const WRITE_BYTES = 4 * 1024 * 1024;

/** How long the look for events that met a unique index may take, in milliseconds. */
const FIND_MS = 4000;

/** Pauses after a failure that passes, in milliseconds: about the first one, and the longest. */
const FIRST_PAUSE_MS = 25;
const LONGEST_PAUSE_MS = 1000;

/** The longest pause after a lost race, and about the one that a race won at last leaves to the other server. */
const RACE_PAUSE_MS = 25;

/** Puts documents of one session into its log; see insert-events.ts. */
export type InsertEvents = (documents: readonly EventDocument[]) => Promise<InsertOutcome>;

/** An append and the event that it is to become. */
interface Placed {
  readonly append: Append;
  readonly event: Event;
}

/**
 * The appends of one session, in order, with at most one write in flight: were
 * there two, the failure of the first would leave a gap before the second.
 * What arrives meanwhile goes out together in the next write.
 */
export class SessionLane {
  private readonly waiting: Append[] = [];
  private running = false;
  private failures = 0;
  private lostRaces = 0;

  /** @param onIdle called when nothing waits any more */
  constructor(
    private readonly sessionId: string,
    private readonly connection: MongoConnection,
    private readonly tails: Tails,
    private readonly insert: InsertEvents,
    private readonly onIdle: () => void,
  ) {}

  add(append: Append): void {
    this.waiting.push(append);
    if (!this.running) void this.run();
  }

  private async run(): Promise<void> {
    this.running = true;
    while (this.waiting.length > 0) {
      try {
        await this.writeNext();
      } catch (error) {
        await this.recover(error);
      }
    }
    this.running = false;
    this.onIdle();
  }

  private async writeNext(): Promise<void> {
    const tail = await this.tails.get(this.sessionId);
    const timestamp = new Date(Math.max(Date.now(), tail.timestamp));
    let unanswered = this.take().map((append, index): Placed => {
      const { eventId, type, payload } = append.event;
      const sequence = tail.sequence + 1 + index;
      return { append, event: { eventId, sessionId: this.sessionId, sequence, type, payload, timestamp } };
    });
    if (unanswered.length === 0) return;
    try {
      const { stored, taken } = await this.insert(
        unanswered.map(({ append, event }) =>
          newEventDocument(append.rowId, event, append.event.payloadSize),
        ),
      );
      this.tails.advance(this.sessionId, tail, tail.sequence + stored, timestamp.getTime());
      for (const { append, event } of unanswered.slice(0, stored)) append.succeed(event, false);
      unanswered = unanswered.slice(stored);
      const stopped = taken ? unanswered[0] : undefined;
      if (taken) unanswered = await this.answerFound(unanswered);
      this.failures = 0;
      await this.afterRace(stopped !== undefined && stopped === unanswered[0]);
    } finally {
      this.waiting.unshift(...unanswered.flatMap(({ append }) => append.takeApart()));
    }
  }

  /** The next batch: each event id once, and nothing for callers who are gone. */
  private take(): Append[] {
    const batch = new Map<string, Append>();
    let taken = 0;
    let bytes = 0;
    for (const append of this.waiting) {
      const { eventId, payloadSize } = append.event;
      bytes += payloadSize;
      if (batch.size === WRITE_EVENTS || (batch.size > 0 && bytes > WRITE_BYTES)) break;
      taken += 1;
      if (!append.stillWanted()) continue;
      const first = batch.get(eventId);
      if (first === undefined) batch.set(eventId, append);
      else first.repeats.push(append);
    }
    this.waiting.splice(0, taken);
    return [...batch.values()];
  }

  /**
   * After a unique index was met: answers the events that are stored already, and
   * returns those that are not. Event ids and tail are read together, by majority.
   */
  private async answerFound(placed: readonly Placed[]): Promise<Placed[]> {
    const { events } = this.connection.database;
    const eventIds = placed.map(({ event }) => event.eventId);
    const [found] = await Promise.all([
      within(FIND_MS, events.find({ sessionId: this.sessionId, eventId: { $in: eventIds } }).toArray()),
      this.tails.lookUp(this.sessionId),
    ]);
    const stored = new Map(found.map((document) => [document.eventId, document]));
    return placed.filter(({ append }) => {
      const document = stored.get(append.event.eventId);
      if (document === undefined) return true;
      append.succeed(toEvent(document), !document._id.equals(append.rowId));
      return false;
    });
  }

  /** Keeps two servers that write to one session from losing races to each other for ever. */
  private async afterRace(lost: boolean): Promise<void> {
    if (lost) {
      this.lostRaces += 1;
      await pause(Math.random() * Math.min(2 ** this.lostRaces, RACE_PAUSE_MS));
    } else if (this.lostRaces > 0) {
      this.lostRaces = 0;
      await pause(RACE_PAUSE_MS * (0.5 + Math.random()));
    }
  }

  /** After an error the outcome is not known: what waits is tried again while its callers wait, or told. */
  private async recover(error: unknown): Promise<void> {
    this.tails.forget(this.sessionId);
    if (!isPassing(error) || isUnreachable(error)) {
      for (const append of this.waiting.splice(0)) append.fail(toConversationError(error));
      return;
    }
    this.failures += 1;
    const longest = Math.min(FIRST_PAUSE_MS * 2 ** this.failures, LONGEST_PAUSE_MS);
    const ms = longest * (0.5 + Math.random() / 2);
    for (const append of this.waiting.splice(0)) {
      if (append.waitsFor(ms)) this.waiting.push(append);
      else append.fail(storeUnavailable(error));
    }
    await pause(ms);
  }
}
