import { Event as EventMessage } from '../../../../generated/conversation/v1/event';
import type { Event } from '../../../core/event';
import { StructBytes } from '../../../core/struct/struct-bytes';
import { RawStructReader } from '../../../protobuf/raw-struct-reader';
import { type EventContent, messageOf, rowIdOf } from './records';

/** An event as it was stored, taken apart only where something of it is asked for. */
export class LazyEvent implements Event {
  readonly message: Uint8Array;

  /** @param decoded what the row says, where that is known already */
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
    return this.whole.eventId;
  }

  get sessionId(): string {
    return this.whole.sessionId;
  }

  get sequence(): number {
    return this.whole.sequence;
  }

  get type(): string {
    return this.whole.type;
  }

  get payload(): StructBytes {
    return this.whole.payload;
  }

  get timestamp(): Date {
    return this.whole.timestamp;
  }

  private get whole(): EventContent {
    this.decoded ??= decodeEvent(this.message);
    return this.decoded;
  }
}

function decodeEvent(bytes: Uint8Array): EventContent {
  const message = EventMessage.decode(new RawStructReader(bytes));
  const { payload, timestamp } = message;
  if (!(payload instanceof StructBytes) || timestamp === undefined)
    throw new Error('a stored event lacks its payload or timestamp');
  return { ...message, payload, timestamp };
}
