import type { FastifyReply } from 'fastify';
import { plainErrorBody } from './status';

/** Answers with an error that did not come from the core. */
export function sendPlainError(reply: FastifyReply, statusCode: number, message?: string): FastifyReply {
  return reply.code(statusCode).send(plainErrorBody(statusCode, message));
}
