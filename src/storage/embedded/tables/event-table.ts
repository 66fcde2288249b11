import type { Database, RootDatabase } from 'lmdb';
import type { Event } from '../../../core/event';
import type { PageRange } from '../../../core/store';
import { BINARY, type ReadFrom } from './binary-encoding';
import { decodeSequence, encodeSequence, eventIdKey, eventKey, LAST_SEQUENCE, sequenceOf } from './keys';
import { encodeEvent, type EventContent } from './records';
import { newRowId } from './row-id';
import { LazyEvent } from './lazy-event';

/** The event logs. All methods are synchronous: cursors close before the method returns. */
export class EventTable {
  /** `session_id` and sequence → event row. */
  private readonly events: Database<Buffer, Buffer>;
  /** `session_id` and `event_id` → sequence. */
  private readonly eventIds: Database<Buffer, Buffer>;

  constructor(root: RootDatabase) {
    this.events = root.openDB({ name: 'events', ...BINARY });
    this.eventIds = root.openDB({ name: 'event_ids', ...BINARY });
  }

  /** Returns the sequence of the last event; 0 if the log is empty. */
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

  /** Returns the sequence of the first event, which is above 1 while a deleted log is removed; 1 if the log is empty. */
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
    if (value === undefined) throw new Error(`sequence ${sequence} is missing from a session's log`);
    return new LazyEvent(value);
  }

  put(event: EventContent): Event {
    // Encode everything before the first write: LMDB does not undo the writes of a callback that throws.
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
    // LMDB's ranges include the start and exclude the end.
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

  /** Returns how many events have an earlier timestamp, by binary search: timestamps never decrease along the log. */
  countBefore(sessionId: string, time: Date, from: ReadFrom): number {
    let [low, high] = [0, this.last(sessionId, from)];
    while (low < high) {
      const middle = low + Math.ceil((high - low) / 2);
      if (this.get(sessionId, middle, from).timestamp < time) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Removes the first events of a log, up to about these limits. Returns true if there were none left. */
  removeFirst(sessionId: string, limit: number, maximumBytes: number): boolean {
    const page = this.read(sessionId, { afterSequence: this.first(sessionId) - 1, limit, maximumBytes }, {});
    for (const { eventId, sequence } of page) {
      this.eventIds.removeSync(eventIdKey(sessionId, eventId));
      this.events.removeSync(eventKey(sessionId, sequence));
    }
    return page.length === 0;
  }
}
