import type { Database } from 'lmdb';
import { Event as EventMessage } from '../../../../generated/conversation/v1/event';
import { RawStructReader } from '../../../protobuf/raw-struct-reader';
import { contentOf, eventSeed, isIntact } from './checksum';
import { messageIn, payloadBytesOf } from './event-row';
import { eventKey, type LogKey } from './keys';
import { LazyEvent } from './lazy-event';
import { DAMAGED, MISSING, UNDECODABLE, unreadableEvent } from './unreadable';

/** Checks and decodes the rows of one log. All methods throw UnreadableRowError. */
export class LogRows {
  /** @param payloads the table of the payloads that are stored apart */
  constructor(
    private readonly sessionId: string,
    private readonly payloads: Database<Buffer, LogKey>,
  ) {}

  /** Returns the row at a sequence if it exists and is as it was stored. */
  check(sequence: number, row: Buffer | undefined): Buffer {
    return this.checkValue('events', sequence, row);
  }

  /** @param row as checked */
  event(sequence: number, row: Buffer): LazyEvent {
    const copy = Buffer.allocUnsafe(row.length);
    copy.set(row);
    return new LazyEvent(this.sessionId, sequence, copy, this.wholeMessage(sequence, copy));
  }

  /** @param row as checked */
  timestamp(sequence: number, row: Buffer): Date {
    const { timestamp } = this.decode(sequence, row);
    if (timestamp === undefined) throw unreadableEvent('events', this.sessionId, sequence, UNDECODABLE);
    return timestamp;
  }

  /** @param row as checked */
  type(sequence: number, row: Buffer): string {
    return this.decode(sequence, row).type;
  }

  /** Decodes what is in the row: everything but a payload that is stored apart. */
  private decode(sequence: number, row: Buffer): EventMessage {
    try {
      return EventMessage.decode(new RawStructReader(messageIn(row)));
    } catch {
      // Its message may contain content.
      throw unreadableEvent('events', this.sessionId, sequence, UNDECODABLE);
    }
  }

  /** Undefined: it is in the row. */
  private wholeMessage(sequence: number, row: Buffer): Buffer | undefined {
    if (payloadBytesOf(row) === 0) return undefined;
    const value = this.payloads.get(eventKey(this.sessionId, sequence));
    return Buffer.concat([messageIn(row), contentOf(this.checkValue('event_payloads', sequence, value))]);
  }

  private checkValue(table: string, sequence: number, value: Buffer | undefined): Buffer {
    if (value === undefined) throw unreadableEvent(table, this.sessionId, sequence, MISSING);
    if (isIntact(value, eventSeed(this.sessionId, sequence))) return value;
    throw unreadableEvent(table, this.sessionId, sequence, DAMAGED);
  }
}
