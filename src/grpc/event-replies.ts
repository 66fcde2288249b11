import type { BinaryWriter } from '@bufbuild/protobuf/wire';
import { Event as EventMessage } from '../../generated/conversation/v1/event';
import { AddEventResponse, GetSessionResponse } from '../../generated/conversation/v1/session_service';
import type { Event } from '../core/event';
import type { GetSessionResult } from '../core/use-cases/get-session';
import type { AddEventResult } from '../core/use-cases/new-event';
import type { MessageEncoder } from '../protobuf/encode-message';
import { toSessionMessage } from './mapper';

/*
 * Replies that hold whole events. An event whose message the store has at hand goes out as it is:
 * the generated code writes the rest, and the events follow, since fields may come in any order.
 */

export const addEventReply: MessageEncoder<AddEventResult> = {
  encode({ event, duplicate, payloadMismatch }, writer) {
    AddEventResponse.encode({ event: undefined, duplicate, payloadMismatch }, writer);
    return writeEvent(event, 1, writer);
  },
};

export const getSessionReply: MessageEncoder<GetSessionResult> = {
  encode({ session, events, pagination }, writer) {
    GetSessionResponse.encode({ session: toSessionMessage(session), events: [], pagination }, writer);
    for (const event of events) writeEvent(event, 2, writer);
    return writer;
  },
};

/** @param field the number of the field that holds the event */
function writeEvent(event: Event, field: number, writer: BinaryWriter): BinaryWriter {
  writer.uint32((field << 3) | 2);
  if (event.message !== undefined) return writer.bytes(event.message);
  return EventMessage.encode(event, writer.fork()).join();
}
