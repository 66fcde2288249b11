import type { Database, RootDatabase, Transaction } from 'lmdb';
import type { Event } from '../../core/event';
import type { PageRange } from '../../core/session-repository';
import {
  decodeSequence,
  encodeSequence,
  eventIdKey,
  eventKey,
  LAST_SEQUENCE,
  sequenceOf,
  sessionKey,
} from './keys';
import { decodeSession, encodeEvent, encodeSession, messageOf, type StoredSession } from './records';
import { newRowId } from './row-id';
import { StoredEvent } from './stored-event';

/**
 * Bytes keyed by bytes. LMDB reads each value into one buffer of its own, which is longer than its
 * `length` says: the copy comes from Node's pool, at a third of what the library's own copies cost.
 */
const BINARY = {
  keyEncoding: 'binary',
  encoder: {
    encode: (value: Buffer): Buffer => value,
    decode(shared: Buffer): Buffer {
      const value = Buffer.allocUnsafe(shared.length);
      value.set(shared.subarray(0, shared.length));
      return value;
    },
  },
} as const;

/** What is read from: a snapshot, or (none) the write transaction that the caller is in. */
export interface ReadFrom {
  readonly transaction?: Transaction;
}

/** The tables, and what is read from and put into them. Nothing here waits: cursors end with the call that opened them. */
export class Tables {
  /** `session_id` to the session. */
  private readonly sessions: Database<Buffer, Buffer>;
  /** `session_id` and sequence to the event. */
  private readonly events: Database<Buffer, Buffer>;
  /** `session_id` and `event_id` to the sequence. */
  private readonly eventIds: Database<Buffer, Buffer>;

  constructor(root: RootDatabase) {
    this.sessions = root.openDB({ name: 'sessions', ...BINARY });
    this.events = root.openDB({ name: 'events', ...BINARY });
    this.eventIds = root.openDB({ name: 'event_ids', ...BINARY });
  }

  findSession(sessionId: string, from: ReadFrom = {}): StoredSession | undefined {
    const value = this.sessions.get(sessionKey(sessionId), from);
    return value === undefined ? undefined : decodeSession(value);
  }

  putSession(session: StoredSession): void {
    this.sessions.putSync(sessionKey(session.sessionId), encodeSession(session));
  }

  /** 0 where the log is empty. */
  lastSequence(sessionId: string, from: ReadFrom = {}): number {
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

  findEvent(sessionId: string, eventId: string): Event | undefined {
    const sequence = this.eventIds.get(eventIdKey(sessionId, eventId));
    return sequence === undefined ? undefined : this.getEvent(sessionId, decodeSequence(sequence));
  }

  getEvent(sessionId: string, sequence: number): Event {
    const value = this.events.get(eventKey(sessionId, sequence));
    if (value === undefined) throw new Error(`the log of a session lacks sequence ${sequence}`);
    return new StoredEvent(messageOf(value));
  }

  /** Returns the event with its message. */
  putEvent(event: Event): Event {
    // All is encoded before anything is put: LMDB does not undo the puts of a callback that throws.
    const value = encodeEvent(newRowId(), event);
    const key = eventKey(event.sessionId, event.sequence);
    const idKey = eventIdKey(event.sessionId, event.eventId);
    const sequence = encodeSequence(event.sequence);
    this.events.putSync(key, value);
    this.eventIds.putSync(idKey, sequence);
    return { ...event, message: messageOf(value) };
  }

  readEvents(sessionId: string, range: PageRange, from: ReadFrom): Event[] {
    const events: Event[] = [];
    let bytes = 0;
    const entries = this.events.getRange({
      start: eventKey(sessionId, Math.min(range.afterSequence + 1, LAST_SEQUENCE)),
      end: eventKey(sessionId, LAST_SEQUENCE),
      limit: range.limit,
      ...from,
    });
    for (const { value } of entries) {
      bytes += value.length;
      if (events.length > 0 && bytes > range.maximumBytes) break;
      events.push(new StoredEvent(messageOf(value)));
    }
    return events;
  }
}
