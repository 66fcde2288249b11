import type { Database, RootDatabase } from 'lmdb';
import type { Event } from '../../../core/event';
import type { PageRange } from '../../../core/store';
import { BINARY, type ReadFrom } from './binary-encoding';
import { decodeSequence, encodeSequence, eventIdKey, eventKey, LAST_SEQUENCE, sequenceOf } from './keys';
import { encodeEvent, type EventContent } from './records';
import { newRowId } from './row-id';
import { LazyEvent } from './lazy-event';

/** The logs. Nothing here waits: cursors end with the call that opened them. */
export class EventTable {
  /** `session_id` and sequence to the event. */
  private readonly events: Database<Buffer, Buffer>;
  /** `session_id` and `event_id` to the sequence. */
  private readonly eventIds: Database<Buffer, Buffer>;

  constructor(root: RootDatabase) {
    this.events = root.openDB({ name: 'events', ...BINARY });
    this.eventIds = root.openDB({ name: 'event_ids', ...BINARY });
  }

  /** The sequence of the last event; 0 where the log is empty. */
  last(sessionId: string, from: ReadFrom = {}): number {
    const keys = this.events.getKeys({
      start: eventKey(sessionId, LAST_SEQUENCE),
      end: eventKey(sessionId, 0),
      reverse: true,
      limit: 1,
      ...from,
    });
    for (const key of keys) return sequenceOf(key);
    return 0;
  }

  /** The sequence of the first event: not 1 where the session is being removed. 1 where the log is empty. */
  private first(sessionId: string): number {
    const range = { start: eventKey(sessionId, 0), end: eventKey(sessionId, LAST_SEQUENCE), limit: 1 };
    for (const key of this.events.getKeys(range)) return sequenceOf(key);
    return 1;
  }

  find(sessionId: string, eventId: string, from: ReadFrom = {}): Event | undefined {
    const sequence = this.eventIds.get(eventIdKey(sessionId, eventId), from);
    return sequence === undefined ? undefined : this.get(sessionId, decodeSequence(sequence), from);
  }

  get(sessionId: string, sequence: number, from: ReadFrom = {}): Event {
    const value = this.events.get(eventKey(sessionId, sequence), from);
    if (value === undefined) throw new Error(`the log of a session lacks sequence ${sequence}`);
    return new LazyEvent(value);
  }

  put(event: EventContent): Event {
    // All is encoded before anything is put: LMDB does not undo the puts of a callback that throws.
    const value = encodeEvent(newRowId(), event);
    const key = eventKey(event.sessionId, event.sequence);
    const idKey = eventIdKey(event.sessionId, event.eventId);
    const sequence = encodeSequence(event.sequence);
    this.events.putSync(key, value);
    this.eventIds.putSync(idKey, sequence);
    return new LazyEvent(value, event);
  }

  read(
    sessionId: string,
    { afterSequence, limit, maximumBytes, newestFirst = false }: PageRange,
    from: ReadFrom,
  ): Event[] {
    // Of a range, LMDB takes the start and leaves the end out.
    const first = Math.min(afterSequence + 1, LAST_SEQUENCE);
    const last = Math.min(afterSequence + limit, LAST_SEQUENCE - 1);
    const range = newestFirst
      ? { start: eventKey(sessionId, last), end: eventKey(sessionId, first - 1), reverse: true }
      : { start: eventKey(sessionId, first), end: eventKey(sessionId, last + 1) };
    const events: Event[] = [];
    let bytes = 0;
    for (const { value } of this.events.getRange({ ...range, ...from })) {
      bytes += value.length;
      if (events.length > 0 && bytes > maximumBytes) break;
      events.push(new LazyEvent(value));
    }
    return events;
  }

  /** How many events were stored before this time, which never decreases along the log. */
  countBefore(sessionId: string, time: Date, from: ReadFrom): number {
    let [low, high] = [0, this.last(sessionId, from)];
    while (low < high) {
      const middle = low + Math.ceil((high - low) / 2);
      if (this.get(sessionId, middle, from).timestamp < time) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Removes the first events of a log, about so many and so many bytes; returns whether it is empty now. */
  removeFirst(sessionId: string, limit: number, maximumBytes: number): boolean {
    const page = this.read(sessionId, { afterSequence: this.first(sessionId) - 1, limit, maximumBytes }, {});
    for (const { eventId, sequence } of page) {
      this.eventIds.removeSync(eventIdKey(sessionId, eventId));
      this.events.removeSync(eventKey(sessionId, sequence));
    }
    return page.length === 0;
  }
}
