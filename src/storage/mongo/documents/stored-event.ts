import { Event as EventMessage } from '../../../../generated/conversation/v1/event';
import type { Event } from '../../../core/event';
import { StructBytes } from '../../../core/struct/struct-bytes';
import { UnreadableRowError } from '../../../core/unreadable-row';
import { RawStructReader } from '../../../protobuf/raw-struct-reader';
import { deserializeRow, type Unchecked } from './check-row';
import { nameOfEvent } from './event-document';
import { toEventMessage } from './event-message';
import { EVENTS, type EventDocument } from './schema';
import { NotStructError } from './struct-bson/not-struct-error';

/** An event as it was read. Its message is sent unchanged, and decoded on first access to its content. */
export class StoredEvent implements Event {
  readonly sessionId: string;
  readonly sequence: number;
  readonly message: Uint8Array;
  private readonly rowIdAt: number;
  private decoded: EventMessage | undefined;

  /** @throws NotStructError if the row cannot be read */
  constructor(private readonly row: Buffer) {
    const { rowIdAt, sessionId, sequence, message } = toEventMessage(row);
    this.rowIdAt = rowIdAt;
    this.sessionId = sessionId;
    this.sequence = sequence;
    this.message = message;
  }

  /** How many bytes came from the database for it. */
  get rowBytes(): number {
    return this.row.length;
  }

  get rowId(): Uint8Array {
    return this.row.subarray(this.rowIdAt, this.rowIdAt + 12);
  }

  get eventId(): string {
    return this.content.eventId;
  }

  get type(): string {
    return this.content.type;
  }

  get payload(): StructBytes {
    const { payload } = this.content;
    return payload instanceof StructBytes ? payload : StructBytes.EMPTY;
  }

  get timestamp(): Date {
    return this.content.timestamp ?? new Date(NaN);
  }

  private get content(): EventMessage {
    this.decoded ??= EventMessage.decode(new RawStructReader(this.message));
    return this.decoded;
  }
}

/** Reads events from their BSON. Leaves out the rows that cannot be read, so that each is a gap in its log. */
export function readEvents(rows: readonly Buffer[]): StoredEvent[] {
  const events: StoredEvent[] = [];
  for (const row of rows) {
    try {
      events.push(new StoredEvent(row));
    } catch (error) {
      if (!(error instanceof NotStructError)) throw error;
    }
  }
  return events;
}

/** An event's row, which may not be readable. */
export interface EventRow {
  /** Texts, unless another program wrote the row. */
  readonly sessionId: unknown;
  readonly eventId: unknown;
  /** @throws UnreadableRowError */
  event(): StoredEvent;
}

export function readEventRow(row: Buffer): EventRow {
  try {
    const event = new StoredEvent(row);
    return { sessionId: event.sessionId, eventId: event.eventId, event: () => event };
  } catch (error) {
    if (!(error instanceof NotStructError)) throw error;
    const fields: Unchecked<EventDocument> = deserializeRow(row);
    const unreadable = new UnreadableRowError(EVENTS, nameOfEvent(fields), error.message);
    return {
      ...{ sessionId: fields.sessionId, eventId: fields.eventId },
      event() {
        throw unreadable;
      },
    };
  }
}
