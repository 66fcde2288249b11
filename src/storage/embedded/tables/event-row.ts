import { Event as EventMessage } from '../../../../generated/conversation/v1/event';
import type { Event } from '../../../core/event';
import { encodeMessage } from '../../../protobuf/encode-message';
import { CHECKSUM_BYTES, contentOf, eventSeed, writeChecksum } from './checksum';
import { ROW_ID_BYTES } from './row-id';

/**
 * An event's row: the row's ID, the size of a payload that is stored apart (0 if it is not), the
 * API's `Event` message, and the checksum. So stored data evolves by the rules of the proto, and stored
 * bytes are sent to readers unchanged.
 *
 * A larger payload is a value of its own, so that a reader can pass over it: an `Event` message with only the
 * payload, and the checksum. The two messages, one after the other, are the whole message.
 */
const MAX_INLINE_BYTES = 4096;

/** Its fields are left out of an encoded message. */
const NO_EVENT = { eventId: '', sessionId: '', sequence: 0, type: '', timestamp: undefined };

const SIZE_BYTES = 4;
const MESSAGE_OFFSET = ROW_ID_BYTES + SIZE_BYTES;

/** The content of an event's row, without the row's ID. */
export type EventContent = Omit<Event, 'rowId' | 'message'>;

/** The values of an event, with their checksums. */
export interface EventValues {
  readonly row: Buffer;
  /** Undefined: the payload is in the row. */
  readonly apart: { readonly payload: Buffer; readonly wholeMessage: Buffer } | undefined;
}

export function encodeEvent(rowId: Buffer, event: EventContent): EventValues {
  const seed = eventSeed(event.sessionId, event.sequence);
  if (event.payload.bytes.length <= MAX_INLINE_BYTES) {
    return { row: encodeRow(rowId, 0, encodeMessage(EventMessage, event), seed), apart: undefined };
  }
  const start = encodeMessage(EventMessage, { ...event, payload: undefined });
  const end = encodeMessage(EventMessage, { ...NO_EVENT, payload: event.payload });
  const joined = Buffer.concat([start, end, Buffer.alloc(CHECKSUM_BYTES)]);
  const payload = writeChecksum(joined.subarray(start.length), seed);
  return {
    row: encodeRow(rowId, end.length, start, seed),
    apart: { payload, wholeMessage: contentOf(joined) },
  };
}

function encodeRow(rowId: Buffer, payloadBytes: number, message: Buffer, seed: number): Buffer {
  const row = Buffer.allocUnsafe(MESSAGE_OFFSET + message.length + CHECKSUM_BYTES);
  row.set(rowId);
  row.writeUInt32LE(payloadBytes, ROW_ID_BYTES);
  row.set(message, MESSAGE_OFFSET);
  return writeChecksum(row, seed);
}

/** The ID in an event's row. */
export function rowIdOf(row: Buffer): Buffer {
  return row.subarray(0, ROW_ID_BYTES);
}

/** The size of the payload's message, if that is stored apart; otherwise 0. */
export function payloadBytesOf(row: Buffer): number {
  return row.readUInt32LE(ROW_ID_BYTES);
}

/** The message in an event's row: the whole one, unless the payload is stored apart. */
export function messageIn(row: Buffer): Buffer {
  return row.subarray(MESSAGE_OFFSET, row.length - CHECKSUM_BYTES);
}

/** The size of the whole message. */
export function messageBytesOf(row: Buffer): number {
  return row.length - MESSAGE_OFFSET - CHECKSUM_BYTES + payloadBytesOf(row);
}
