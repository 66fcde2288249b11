import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js';
import {
  AddEventRequest,
  BatchAddEventsRequest,
  BatchAddEventsResponse,
  CompleteSessionRequest,
  CompleteSessionResponse,
  CreateSessionRequest,
  CreateSessionResponse,
  GetSessionRequest,
  SessionServiceService,
} from '../../generated/conversation/v1/session_service';
import type { SessionRepository } from '../core/session-repository';
import { addEvent } from '../core/use-cases/add-event';
import { batchAddEvents } from '../core/use-cases/batch-add-events';
import { completeSession } from '../core/use-cases/complete-session';
import { createSession } from '../core/use-cases/create-session';
import { getSession } from '../core/use-cases/get-session';
import type { CallSettings } from './call-settings';
import { addEventReply, getSessionReply } from './event-replies';
import { handleUnary, type UnaryMethod } from './handle-unary';
import { ingestEvents } from './ingest-stream';
import { toAcknowledgement, toSessionMessage, toStatus } from './mapper';

/**
 * The generated definition with requests and responses left as bytes: the
 * wrapper decodes, so that bytes that do not decode are INVALID_ARGUMENT, where
 * the library would answer INTERNAL.
 */
export const SESSION_SERVICE_DEFINITION: ServiceDefinition = Object.fromEntries(
  Object.entries(SessionServiceService).map(([name, method]) => [
    name,
    { ...method, requestDeserialize: (bytes: Buffer) => bytes, responseSerialize: (bytes: Buffer) => bytes },
  ]),
);

/** The RPCs, thin: messages to a use case, and its result to messages. */
export function sessionServiceImplementation(
  repository: SessionRepository,
  settings: CallSettings,
): UntypedServiceImplementation {
  const unary = <Request, Response>(method: UnaryMethod<Request, Response>) => handleUnary(method, settings);
  return {
    createSession: unary({
      name: 'CreateSession',
      request: CreateSessionRequest,
      response: CreateSessionResponse,
      async handler(request, context) {
        const wanted = { ...request, status: toStatus(request.status) };
        const { session, created } = await createSession(repository, wanted, context);
        return { session: toSessionMessage(session), created };
      },
    }),

    getSession: unary({
      name: 'GetSession',
      request: GetSessionRequest,
      response: getSessionReply,
      handler: (request, context) => getSession(repository, request, context),
    }),

    completeSession: unary({
      name: 'CompleteSession',
      request: CompleteSessionRequest,
      response: CompleteSessionResponse,
      async handler(request, context) {
        const wanted = { ...request, status: toStatus(request.status) };
        const { session, alreadyCompleted } = await completeSession(repository, wanted, context);
        return { session: toSessionMessage(session), alreadyCompleted };
      },
    }),

    addEvent: unary({
      name: 'AddEvent',
      request: AddEventRequest,
      response: addEventReply,
      handler: (request, context) => addEvent(repository, request, context),
    }),

    batchAddEvents: unary({
      name: 'BatchAddEvents',
      request: BatchAddEventsRequest,
      response: BatchAddEventsResponse,
      async handler(request, context) {
        const results = await batchAddEvents(repository, request, context);
        return { results: results.map(toAcknowledgement) };
      },
    }),

    ingestEvents: ingestEvents(repository, settings),
  };
}
