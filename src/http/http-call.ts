import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import type { Call, Interceptor } from '../calls/call';
import { asConversationError } from '../core/errors';
import { LIMITS } from '../core/limits';
import type { Scope } from '../security/authorizer';
import { recordOf } from './call-record';
import { onResponseEnd } from './response-end';

/** A hook that puts a route's requests through the pipeline, from their headers until the response has closed. */
export function throughPipeline(pipeline: Interceptor, scope: Scope): onRequestHookHandler {
  return (request, reply, next) => {
    const work = (): Promise<void> => {
      const ended = whenEnded(request, reply);
      next();
      return ended;
    };
    pipeline(toCall(request, scope), work).catch((error: unknown) => next(asConversationError(error)));
  };
}

function toCall(request: FastifyRequest, scope: Scope): Call {
  const { headers } = request;
  return {
    scope,
    authorization: headers.authorization,
    requestBytes: announcedBytes(headers),
    record: recordOf(request),
  };
}

/** A request without a length, or with one that will be rejected, counts as the largest that is accepted. */
function announcedBytes(headers: FastifyRequest['headers']): number {
  const { 'content-length': announced = '0', 'transfer-encoding': encoding } = headers;
  return encoding === undefined ? Math.min(Number(announced), LIMITS.messageBytes) : LIMITS.messageBytes;
}

function whenEnded(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  return new Promise((resolve) => onResponseEnd(request, reply, resolve));
}
