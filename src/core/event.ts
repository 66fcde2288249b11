import type { StructBytes } from './struct/struct-bytes';

/** The part of an event that the caller chooses. */
export interface NewEvent {
  readonly eventId: string;
  readonly type: string;
  readonly payload: StructBytes;
  /** The event is stored only if this is the session's last sequence; undefined: unconditionally. */
  readonly expectedSequence?: number | undefined;
}

/** A stored entry of a session's log. */
export interface Event {
  /** 12 bytes, unique, generated when the row is created. */
  readonly rowId: Uint8Array;
  readonly eventId: string;
  readonly sessionId: string;
  /** 1, 2, 3 … within the session. */
  readonly sequence: number;
  readonly type: string;
  readonly payload: StructBytes;
  /** Never decreases along `sequence`. */
  readonly timestamp: Date;
  /** The encoded `conversation.v1.Event`, if the store has it; it is sent unchanged. */
  readonly message?: Uint8Array;
}

/** The maximum size of the rest of an event: tags, lengths, sequence, timestamp. */
const OVERHEAD_BYTES = 64;

/** Returns an event's size in a page: its size in the protobuf encoding, or an upper bound of it. */
export function eventSize(event: Event): number {
  // Only then: the other fields may have to be decoded first.
  if (event.message !== undefined) return event.message.length;
  const { eventId, sessionId, type, payload } = event;
  return payload.bytes.length + 3 * (eventId.length + sessionId.length + type.length) + OVERHEAD_BYTES;
}
