import { Event as EventMessage } from '../../../../generated/conversation/v1/event';
import type { Event } from '../../../core/event';
import { StructBytes } from '../../../core/struct/struct-bytes';
import { RawStructReader } from '../../../protobuf/raw-struct-reader';
import { type EventContent, messageOf, rowIdOf } from './records';

/** A stored event, decoded on first access to its content. */
export class LazyEvent implements Event {
  readonly message: Uint8Array;

  /** @param decoded the row's content, if known */
  constructor(
    private readonly row: Buffer,
    private decoded?: EventContent,
  ) {
    this.message = messageOf(row);
  }

  get rowId(): Uint8Array {
    return rowIdOf(this.row);
  }

  get eventId(): string {
    return this.content.eventId;
  }

  get sessionId(): string {
    return this.content.sessionId;
  }

  get sequence(): number {
    return this.content.sequence;
  }

  get type(): string {
    return this.content.type;
  }

  get payload(): StructBytes {
    return this.content.payload;
  }

  get timestamp(): Date {
    return this.content.timestamp;
  }

  private get content(): EventContent {
    this.decoded ??= decodeEvent(this.message);
    return this.decoded;
  }
}

function decodeEvent(bytes: Uint8Array): EventContent {
  const message = EventMessage.decode(new RawStructReader(bytes));
  const { payload, timestamp } = message;
  if (!(payload instanceof StructBytes) || timestamp === undefined)
    throw new Error('a stored event has no payload or timestamp');
  return { ...message, payload, timestamp };
}
