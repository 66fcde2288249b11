import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import {
  AddEventRequest,
  BatchAddEventsRequest,
  BatchAddEventsResponse,
  CompleteSessionRequest,
  CompleteSessionResponse,
  CreateSessionRequest,
  CreateSessionResponse,
  DeleteSessionRequest,
  DeleteSessionResponse,
  GetEventRequest,
  GetSessionRequest,
  ListEventsRequest,
  ListSessionsRequest,
  ListSessionsResponse,
  SessionServiceService,
  UpdateSessionRequest,
  UpdateSessionResponse,
} from '../../generated/conversation/v1/session_service';
import type { Session as SessionMessage } from '../../generated/conversation/v1/session';
import { invalidRequest } from '../core/errors';
import type { Session } from '../core/session';
import type { Store } from '../core/store';
import { addEvent } from '../core/use-cases/add-event';
import { batchAddEvents } from '../core/use-cases/batch-add-events';
import { completeSession } from '../core/use-cases/complete-session';
import { createSession } from '../core/use-cases/create-session';
import { deleteSession } from '../core/use-cases/delete-session';
import { getEvent } from '../core/use-cases/get-event';
import { getSession } from '../core/use-cases/get-session';
import { listEvents } from '../core/use-cases/list-events';
import { listSessions } from '../core/use-cases/list-sessions';
import { updateSession } from '../core/use-cases/update-session';
import type { CallSettings } from './handlers/call-settings';
import {
  addEventResponse,
  getEventResponse,
  getSessionResponse,
  listEventsResponse,
} from './messages/event-responses';
import { handleUnary, type UnaryMethod } from './handlers/unary';
import { ingestEvents } from './handlers/ingest-stream';
import { toAddEventResponse, toSessionMessage, toStatus } from './messages/session-messages';
import { watchStream } from './handlers/watch-stream';

/**
 * The generated definition with requests and responses left as bytes. The handlers decode, so that
 * a malformed request ends with INVALID_ARGUMENT; the library would end it with INTERNAL.
 */
export const SESSION_SERVICE_DEFINITION: ServiceDefinition = Object.fromEntries(
  Object.entries(SessionServiceService).map(([name, method]) => [
    name,
    { ...method, requestDeserialize: (bytes: Buffer) => bytes, responseSerialize: (bytes: Buffer) => bytes },
  ]),
);

/** The RPCs: each passes its request to a use case, and converts the result to messages. */
export function sessionServiceImplementation(
  store: Store,
  settings: CallSettings,
): UntypedServiceImplementation {
  const toMessage = (session: Session): SessionMessage => toSessionMessage(session, settings.retentionMs);
  const unary = <Request, Response>(method: UnaryMethod<Request, Response>) => handleUnary(method, settings);
  return {
    createSession: unary({
      name: 'CreateSession',
      request: CreateSessionRequest,
      response: CreateSessionResponse,
      async handler(request, context) {
        const input = { ...request, status: toStatus(request.status) };
        const { session, created } = await createSession(store.sessions, input, context);
        return { session: toMessage(session), created };
      },
    }),

    getSession: unary({
      name: 'GetSession',
      request: GetSessionRequest,
      response: getSessionResponse,
      async handler(request, context) {
        const { session, events, pagination } = await getSession(store.events, request, context);
        return { session: toMessage(session), events, pagination };
      },
    }),

    completeSession: unary({
      name: 'CompleteSession',
      request: CompleteSessionRequest,
      response: CompleteSessionResponse,
      async handler(request, context) {
        const input = { ...request, status: toStatus(request.status) };
        const { session, alreadyCompleted } = await completeSession(store.sessions, input, context);
        return { session: toMessage(session), alreadyCompleted };
      },
    }),

    addEvent: unary({
      name: 'AddEvent',
      request: AddEventRequest,
      response: addEventResponse,
      handler: (request, context) => addEvent(store.events, request, context),
    }),

    batchAddEvents: unary({
      name: 'BatchAddEvents',
      request: BatchAddEventsRequest,
      response: BatchAddEventsResponse,
      async handler(request, context) {
        const results = await batchAddEvents(store.events, request, context);
        return { results: results.map(toAddEventResponse) };
      },
    }),

    ingestEvents: ingestEvents(store.events, settings),

    getEvent: unary({
      name: 'GetEvent',
      request: GetEventRequest,
      response: getEventResponse,
      handler: (request, context) => getEvent(store.events, request, context),
    }),

    listEvents: unary({
      name: 'ListEvents',
      request: ListEventsRequest,
      response: listEventsResponse,
      handler: (request, context) => listEvents(store.events, request, context),
    }),

    watchSession: watchStream(store, settings),

    listSessions: unary({
      name: 'ListSessions',
      request: ListSessionsRequest,
      response: ListSessionsResponse,
      async handler(request, context) {
        const input = { ...request, status: toStatus(request.status) };
        const { sessions, nextPageToken } = await listSessions(store.sessions, input, context);
        return { sessions: sessions.map(toMessage), nextPageToken };
      },
    }),

    updateSession: unary({
      name: 'UpdateSession',
      request: UpdateSessionRequest,
      response: UpdateSessionResponse,
      async handler({ session, updateMask }, context) {
        if (session === undefined) throw invalidRequest([{ field: 'session', description: 'is required' }]);
        const { sessionId, status, language, metadata } = session;
        const input = {
          sessionId,
          status: toStatus(status),
          language,
          metadata,
          updateMask: updateMask ?? [],
        };
        return { session: toMessage(await updateSession(store.sessions, input, context)) };
      },
    }),

    deleteSession: unary({
      name: 'DeleteSession',
      request: DeleteSessionRequest,
      response: DeleteSessionResponse,
      async handler(request, context) {
        await deleteSession(store.sessions, request, context);
        return {};
      },
    }),
  };
}
