import { Event as EventMessage } from '../../../../generated/conversation/v1/event';
import type { Event } from '../../../core/event';
import { StructBytes } from '../../../core/struct/struct-bytes';
import { RawStructReader } from '../../../protobuf/raw-struct-reader';
import { type EventContent, messageIn, rowIdOf } from './event-row';
import { UNDECODABLE, unreadableEvent } from './unreadable';

/** A stored event, decoded on first access to its content. */
export class LazyEvent implements Event {
  /**
   * @param whole the whole message, if it is not in the row
   * @param decoded the event's content, if known
   */
  constructor(
    readonly sessionId: string,
    readonly sequence: number,
    private readonly row: Buffer,
    private readonly whole: Buffer | undefined,
    private decoded?: EventContent,
  ) {}

  /** Made at each access: pages in flight would be half as large again if they kept it. */
  get message(): Uint8Array {
    return this.whole ?? messageIn(this.row);
  }

  get rowId(): Uint8Array {
    return rowIdOf(this.row);
  }

  get eventId(): string {
    return this.content.eventId;
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

  /** @throws UnreadableRowError */
  private get content(): EventContent {
    this.decoded ??= this.decode();
    return this.decoded;
  }

  private decode(): EventContent {
    try {
      const message = EventMessage.decode(new RawStructReader(this.message));
      const { payload, timestamp } = message;
      if (payload instanceof StructBytes && timestamp !== undefined)
        return { ...message, payload, timestamp };
    } catch {
      // Its message may contain content.
    }
    throw unreadableEvent('events', this.sessionId, this.sequence, UNDECODABLE);
  }
}
