import type { handleUnaryCall } from '@grpc/grpc-js';
import { asConversationError } from '../../core/errors';
import type { RequestContext } from '../../core/request-context';
import { encodeMessage, type MessageEncoder } from '../../protobuf/encode-message';
import { decodeRequest, type MessageDecoder } from '../messages/decode-request';
import type { RpcName } from '../method-scopes';
import { toCallStatus } from '../status';
import { CallRecords } from './call-record';
import type { CallSettings } from './call-settings';
import { deadlineOf, GrpcCall } from './grpc-call';

/** Answers one request: returns the response or throws. */
export type UnaryHandler<Request, Response> = (
  request: Request,
  context: RequestContext,
) => Promise<Response>;

/** A method of the service: its messages' codecs and its handler. */
export interface UnaryMethod<Request, Response> {
  readonly name: RpcName;
  readonly request: MessageDecoder<Request>;
  readonly response: MessageEncoder<Response>;
  readonly handler: UnaryHandler<Request, Response>;
}

/**
 * The one wrapper around every unary method, from bytes to bytes. Whatever the handler does, the
 * client gets one answer: the response, or the status of an error.
 */
export function handleUnary<Request, Response>(
  method: UnaryMethod<Request, Response>,
  settings: CallSettings,
): handleUnaryCall<Buffer, Buffer> {
  const records = new CallRecords('unary', method.name, settings.telemetry);
  const { unaryPipeline, openCalls, defaultDeadlineMs } = settings;
  return (serverCall, callback) => {
    const { request } = serverCall;
    const deadline = deadlineOf(serverCall, defaultDeadlineMs);
    const call = new GrpcCall(serverCall, records, openCalls, deadline, request.length);
    call.record.received();
    unaryPipeline(call, () => respond(method, request, call.context)).then(
      (response) => {
        call.record.sent();
        callback(null, response);
      },
      (error: unknown) => callback(toCallStatus(asConversationError(error))),
    );
  };
}

async function respond<Request, Response>(
  method: UnaryMethod<Request, Response>,
  bytes: Buffer,
  context: RequestContext,
): Promise<Buffer> {
  const request = decodeRequest(method.request, bytes);
  context.throwIfEnded();
  return encodeMessage(method.response, await method.handler(request, context));
}
