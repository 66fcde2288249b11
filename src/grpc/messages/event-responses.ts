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
 * Replies that hold whole events. An event whose message the store has at hand goes out as it is:
 * the generated code writes the rest, and the events follow, since fields may come in any order.
 */

export const addEventReply: MessageEncoder<AddEventResult> = {
  encode({ event, duplicate, payloadMismatch }, writer) {
    AddEventResponse.encode({ event: undefined, duplicate, payloadMismatch }, writer);
    return writeEvents(1, [event], writer);
  },
};

export const getEventReply: MessageEncoder<Event> = {
  encode: (event, writer) => writeEvents(1, [event], GetEventResponse.encode({ event: undefined }, writer)),
};

/** A session and a page of its events. */
export interface SessionReply {
  readonly session: SessionMessage;
  readonly events: readonly Event[];
  readonly pagination: Pagination;
}

export const getSessionReply: MessageEncoder<SessionReply> = {
  encode: ({ session, events, pagination }, writer) =>
    writeEvents(2, events, GetSessionResponse.encode({ session, events: [], pagination }, writer)),
};

export const listEventsReply: MessageEncoder<ListEventsResult> = {
  encode: ({ events, nextPageToken }, writer) =>
    writeEvents(1, events, ListEventsResponse.encode({ events: [], nextPageToken }, writer)),
};

/** The reply of a watch that holds an event. */
export const watchedEvent: MessageEncoder<Event> = {
  encode: (event, writer) =>
    writeEvents(1, [event], WatchSessionResponse.encode({ update: undefined }, writer)),
};

/** @param field the number of the field that holds events */
function writeEvents(field: number, events: readonly Event[], writer: BinaryWriter): BinaryWriter {
  for (const event of events) {
    writer.uint32((field << 3) | 2);
    if (event.message !== undefined) writer.bytes(event.message);
    else EventMessage.encode(event, writer.fork()).join();
  }
  return writer;
}
