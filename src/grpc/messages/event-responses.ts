import type { BinaryWriter } from '@bufbuild/protobuf/wire';
import { Event as EventMessage } from '../../../generated/conversation/v1/event';
import type { Session as SessionMessage } from '../../../generated/conversation/v1/session';
import {
  AddEventResponse,
  GetEventResponse,
  GetSessionResponse,
  ListEventsResponse,
  type Pagination,
  WatchSessionResponse,
} from '../../../generated/conversation/v1/session_service';
import type { Event } from '../../core/event';
import type { ListEventsResult } from '../../core/use-cases/list-events';
import type { AddEventResult } from '../../core/use-cases/add-event';
import type { MessageEncoder } from '../../protobuf/encode-message';

/*
 * Encoders of responses that contain whole events. If the store has an event as an encoded message,
 * that message is sent unchanged: the generated code writes the other fields, and the events follow,
 * since protobuf fields may come in any order.
 */

export const addEventResponse: MessageEncoder<AddEventResult> = {
  encode({ event, duplicate, payloadMismatch }, writer) {
    AddEventResponse.encode({ event: undefined, duplicate, payloadMismatch }, writer);
    return writeEvents(1, [event], writer);
  },
};

export const getEventResponse: MessageEncoder<Event> = {
  encode: (event, writer) => writeEvents(1, [event], GetEventResponse.encode({ event: undefined }, writer)),
};

/** A session and a page of its events. */
export interface SessionPageResponse {
  readonly session: SessionMessage;
  readonly events: readonly Event[];
  readonly pagination: Pagination;
}

export const getSessionResponse: MessageEncoder<SessionPageResponse> = {
  encode: ({ session, events, pagination }, writer) =>
    writeEvents(2, events, GetSessionResponse.encode({ session, events: [], pagination }, writer)),
};

export const listEventsResponse: MessageEncoder<ListEventsResult> = {
  encode: ({ events, nextPageToken }, writer) =>
    writeEvents(1, events, ListEventsResponse.encode({ events: [], nextPageToken }, writer)),
};

/** A watch's response with an event. */
export const watchEventResponse: MessageEncoder<Event> = {
  encode: (event, writer) =>
    writeEvents(1, [event], WatchSessionResponse.encode({ update: undefined }, writer)),
};

/** @param field the number of the field that contains the events */
function writeEvents(field: number, events: readonly Event[], writer: BinaryWriter): BinaryWriter {
  for (const event of events) {
    writer.uint32((field << 3) | 2);
    const { message } = event;
    if (message !== undefined) writer.bytes(message);
    else EventMessage.encode(event, writer.fork()).join();
  }
  return writer;
}
