import { STATUS_CODES } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { ConversationError, ErrorReason, Violation } from '../core/errors';
import { LIMITS } from '../core/limits';
import { truncateText } from '../core/validation/text';

/** The body of every error. */
export interface ErrorBody {
  readonly statusCode: number;
  /** For 400 a list with one line per violation. */
  readonly message: string | readonly string[];
}

/** The response to a failed request. */
export interface ErrorReply {
  readonly body: ErrorBody;
  readonly headers: Readonly<Record<string, string>>;
}

const STATUSES: Readonly<Record<ErrorReason, number>> = {
  INVALID_REQUEST: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  SESSION_NOT_FOUND: 404,
  EVENT_NOT_FOUND: 404,
  SESSION_ENDED: 409,
  SESSION_DELETED: 409,
  SEQUENCE_MISMATCH: 409,
  OVERLOADED: 429,
  // nginx's status for a client that disconnected: it is only logged and counted.
  CANCELLED: 499,
  INTERNAL: 500,
  STORE_UNAVAILABLE: 503,
  SHUTTING_DOWN: 503,
  DEADLINE_EXCEEDED: 504,
  STORAGE_FULL: 507,
};

/** The one map from core errors to HTTP. */
export function toErrorReply(error: ConversationError): ErrorReply {
  const statusCode = STATUSES[error.reason];
  const headers: Record<string, string> = {};
  if (error.retryAfterMs !== undefined)
    headers['retry-after'] = String(Math.max(1, Math.ceil(error.retryAfterMs / 1000)));
  if (error.reason === 'UNAUTHENTICATED') headers['www-authenticate'] = 'Bearer';
  if (error.reason === 'SHUTTING_DOWN') headers.connection = 'close';
  const message =
    statusCode === 400 ? error.violations.map(lineOf) : truncateText(error.message, LIMITS.errorMessageBytes);
  return { body: { statusCode, message }, headers };
}

/** Answers with an error that did not come from the core. */
export function sendPlainError(reply: FastifyReply, statusCode: number, message?: string): FastifyReply {
  return reply.code(statusCode).send(plainErrorBody(statusCode, message));
}

/** The body of an error that did not come from the core. */
export function plainErrorBody(statusCode: number, message = STATUS_CODES[statusCode] ?? ''): ErrorBody {
  const text = truncateText(message, LIMITS.errorMessageBytes);
  return { statusCode, message: statusCode === 400 ? [text] : text };
}

function lineOf({ field, inside = '', description }: Violation): string {
  const line = field === '' ? description : `${toJsonName(field)}${inside} ${description}`;
  return truncateText(line, LIMITS.errorMessageBytes);
}

/** `session_id` is `sessionId` in JSON. */
function toJsonName(field: string): string {
  return field.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
