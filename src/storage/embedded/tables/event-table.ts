import type { Database, RootDatabase } from 'lmdb';
import type { Event } from '../../../core/event';
import { UnreadableRowError } from '../../../core/unreadable-row';
import { BINARY, LOG } from './binary-encoding';
import { decodeEventId, encodeEventId } from './event-id';
import { encodeEvent, type EventContent } from './event-row';
import { eventIdKey, eventIdRange, eventKey, type LogKey, logRange } from './keys';
import { LazyEvent } from './lazy-event';
import type { LogPage } from './log-page';
import { LogRows } from './log-rows';

import { newRowId } from './row-id';
import { DAMAGED, unreadableEventId } from './unreadable';

/** The most payloads to remove at a time: each can have hundreds of pages. */
const MAX_REMOVED_PAYLOADS = 100;

/** The last event of a log. */
export interface LogHead {
  readonly sequence: number;
  readonly timestamp: Date;
}

/**
 * The event logs. All methods are synchronous: cursors close before the method returns. Those that
 * read events throw UnreadableRowError for one that is damaged, or missing from its log.
 */
export class EventTable {
  /** `session_id` and sequence → event row. */
  private readonly events: Database<Buffer, LogKey>;
  /** `session_id` and sequence → payload, where it is not in the row. */
  private readonly payloads: Database<Buffer, LogKey>;
  /** `session_id` and `event_id` → sequence. */
  private readonly eventIds: Database<Buffer, Buffer>;

  constructor(root: RootDatabase) {
    this.events = root.openDB({ name: 'events', ...LOG });
    this.payloads = root.openDB({ name: 'event_payloads', ...LOG });
    this.eventIds = root.openDB({ name: 'event_ids', ...BINARY });
  }

  /** Returns the sequence of the last event, whether it can be read or not; 0 if the log is empty. */
  last(sessionId: string): number {
    for (const key of this.events.getKeys({ ...fromEnd(sessionId), limit: 1 })) return Number(key);
    return 0;
  }

  /** Whether the keys at the end of the log follow each other: the sequence of a damaged key would be wrong. */
  endsDense(sessionId: string): boolean {
    const [last = 0, previous = 0] = [...this.events.getKeys({ ...fromEnd(sessionId), limit: 2 })].map(
      Number,
    );
    return last === previous + 1;
  }

  /** Returns undefined if the log is empty. */
  findHead(sessionId: string): LogHead | undefined {
    const rows = this.rows(sessionId);
    for (const { key, value } of this.events.getRange({ ...fromEnd(sessionId), limit: 1 })) {
      const sequence = Number(key);
      return { sequence, timestamp: rows.timestamp(sequence, rows.check(sequence, value)) };
    }
    return undefined;
  }

  /** Returns the time of the last event that can be read; undefined if none can. */
  findReadableTime(sessionId: string): Date | undefined {
    const rows = this.rows(sessionId);
    for (const { key, value } of this.events.getRange(fromEnd(sessionId))) {
      const sequence = Number(key);
      try {
        return rows.timestamp(sequence, rows.check(sequence, value));
      } catch (error) {
        if (!(error instanceof UnreadableRowError)) throw error;
      }
    }
    return undefined;
  }

  find(sessionId: string, eventId: string): Event | undefined {
    const key = eventIdKey(sessionId, eventId);
    const value = this.eventIds.get(key);
    if (value === undefined) return undefined;
    const sequence = decodeEventId(key, value);
    if (sequence === undefined) throw unreadableEventId(sessionId, eventId, DAMAGED);
    const rows = this.rows(sessionId);
    return rows.event(sequence, rows.check(sequence, this.events.get(eventKey(sessionId, sequence))));
  }

  put(event: EventContent): Event {
    const { sessionId, sequence } = event;
    // Encode everything before the first write: LMDB does not undo the writes of a callback that throws.
    const { row, apart } = encodeEvent(newRowId(), event);
    const key = eventKey(sessionId, sequence);
    const idKey = eventIdKey(sessionId, event.eventId);
    const idValue = encodeEventId(idKey, sequence);
    this.events.putSync(key, row);
    if (apart !== undefined) this.payloads.putSync(key, apart.payload);
    this.eventIds.putSync(idKey, idValue);
    return new LazyEvent(sessionId, sequence, row, apart?.wholeMessage, event);
  }

  /** Reads a slice of a page. @throws UnreadableRowError if the page begins with an event that cannot be read */
  readSlice(page: LogPage): void {
    page.readSlice(this.events, this.rows(page.sessionId));
  }

  /** Returns how many events have an earlier timestamp, by binary search: timestamps never decrease along the log. */
  countBefore(sessionId: string, time: Date): number {
    const rows = this.rows(sessionId);
    let [low, high] = [0, this.last(sessionId)];
    while (low < high) {
      const middle = low + Math.ceil((high - low) / 2);
      const row = rows.check(middle, this.events.get(eventKey(sessionId, middle)));
      if (rows.timestamp(middle, row) < time) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Removes some rows of a log, readable or not, up to this limit. Returns true if none are left. */
  removeSome(sessionId: string, limit: number): boolean {
    const payloads = removeFirst(this.payloads, sessionId, Math.min(limit, MAX_REMOVED_PAYLOADS));
    if (payloads === MAX_REMOVED_PAYLOADS) return false;
    const left = limit - payloads - removeFirst(this.events, sessionId, limit - payloads);
    const idKeys = [...this.eventIds.getKeys({ ...eventIdRange(sessionId), limit: left })];
    for (const key of idKeys) this.eventIds.removeSync(key);
    return idKeys.length < left;
  }

  private rows(sessionId: string): LogRows {
    return new LogRows(sessionId, this.payloads);
  }
}

/** Removes the first values of a log from a table. Returns how many. */
function removeFirst(table: Database<Buffer, LogKey>, sessionId: string, limit: number): number {
  const sequences = [...table.getKeys({ ...logRange(sessionId), limit })].map(Number);
  for (const sequence of sequences) table.removeSync(eventKey(sessionId, sequence));
  return sequences.length;
}

/** LMDB's range of a log, from its end. */
function fromEnd(sessionId: string): { start: Buffer; end: Buffer; reverse: true } {
  const { start, end } = logRange(sessionId);
  return { start: end, end: start, reverse: true };
}
