import type { StructBytes } from './struct/struct-bytes';

/** What a caller decides of an event. */
export interface NewEvent {
  readonly eventId: string;
  readonly type: string;
  readonly payload: StructBytes;
  /** The event is stored at the sequence after this one, or not at all; undefined: at the end, wherever it is. */
  readonly expectedSequence?: number | undefined;
}

/** One entry of a session's log, as it is stored. */
export interface Event {
  /** 12 bytes that no other row has, made with it. */
  readonly rowId: Uint8Array;
  readonly eventId: string;
  readonly sessionId: string;
  /** 1, 2, 3 … within the session. */
  readonly sequence: number;
  readonly type: string;
  readonly payload: StructBytes;
  /** Never decreases along `sequence`. */
  readonly timestamp: Date;
  /** All of this as the message `conversation.v1.Event`, where the store has it so: it is sent as it is. */
  readonly message?: Uint8Array;
}

/** Room for an event's own fields beside its ids, type and payload: tags, lengths, sequence, timestamp. */
const OVERHEAD_BYTES = 64;

/** What an event takes of a page: its bytes in the protobuf encoding, or an upper bound of them. */
export function eventSize({ message, eventId, sessionId, type, payload }: Event): number {
  if (message !== undefined) return message.length;
  return payload.bytes.length + 3 * (eventId.length + sessionId.length + type.length) + OVERHEAD_BYTES;
}
