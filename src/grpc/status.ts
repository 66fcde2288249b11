import { Metadata, status as Code } from '@grpc/grpc-js';
import type { Any } from '../../generated/google/protobuf/any';
import { BadRequest, ErrorInfo, RetryInfo } from '../../generated/google/rpc/error_details';
import { Status } from '../../generated/google/rpc/status';
import type { ConversationError, ErrorReason, Violation } from '../core/errors';
import { LIMITS } from '../core/limits';
import { truncateText } from '../core/validation/text';

/** The `domain` of every ErrorInfo. */
export const ERROR_DOMAIN = 'conversation.v1';

const CODES: Readonly<Record<ErrorReason, Code>> = {
  INVALID_REQUEST: Code.INVALID_ARGUMENT,
  UNAUTHENTICATED: Code.UNAUTHENTICATED,
  FORBIDDEN: Code.PERMISSION_DENIED,
  SESSION_NOT_FOUND: Code.NOT_FOUND,
  EVENT_NOT_FOUND: Code.NOT_FOUND,
  SESSION_ENDED: Code.FAILED_PRECONDITION,
  SESSION_DELETED: Code.FAILED_PRECONDITION,
  SEQUENCE_MISMATCH: Code.ABORTED,
  OVERLOADED: Code.RESOURCE_EXHAUSTED,
  STORAGE_FULL: Code.RESOURCE_EXHAUSTED,
  STORE_UNAVAILABLE: Code.UNAVAILABLE,
  SHUTTING_DOWN: Code.UNAVAILABLE,
  DEADLINE_EXCEEDED: Code.DEADLINE_EXCEEDED,
  CANCELLED: Code.CANCELLED,
  INTERNAL: Code.INTERNAL,
};

/** The codes from 0 on, as gRPC's metrics write them in every language. */
export const CODE_NAMES: readonly string[] = [
  ...['OK', 'Canceled', 'Unknown', 'InvalidArgument', 'DeadlineExceeded', 'NotFound', 'AlreadyExists'],
  ...['PermissionDenied', 'ResourceExhausted', 'FailedPrecondition', 'Aborted', 'OutOfRange'],
  ...['Unimplemented', 'Internal', 'Unavailable', 'DataLoss', 'Unauthenticated'],
];

/** The code of a call that ends for this reason. */
export function toCode(reason: ErrorReason): Code {
  return CODES[reason];
}

/** Many clients reject more than 8 KiB of headers; the other trailers need the rest. */
const TRAILER_BYTES = 8 * 1024 - 256;

/** Reasons whose codes a retry policy may list, though a retry of the same request fails again. */
const NOT_RETRYABLE = new Set<ErrorReason>(['STORAGE_FULL', 'SEQUENCE_MISMATCH']);

/** The status of a failed call, in grpc-js's form. */
export interface CallStatus {
  readonly code: Code;
  readonly details: string;
  readonly metadata: Metadata;
}

/** The one map from core errors to gRPC statuses, with their details in `grpc-status-details-bin`. */
export function toCallStatus(error: ConversationError): CallStatus {
  const details = messageOf(error);
  let violations = error.violations;
  let trailer = Status.encode(statusMessage(error, details, violations)).finish();
  while (violations.length > 0 && trailerBytes(details, trailer) > TRAILER_BYTES) {
    violations = violations.slice(0, -1);
    trailer = Status.encode(statusMessage(error, details, violations)).finish();
  }
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from(trailer));
  const pushback = pushbackMs(error);
  if (pushback !== undefined) metadata.set('grpc-retry-pushback-ms', String(pushback));
  return { code: CODES[error.reason], details, metadata };
}

/**
 * The server's pushback for clients with a retry policy: the delay before the retry in
 * milliseconds, or -1 for no retry. Up to half longer than RetryInfo's delay, so that clients
 * that were rejected together do not return together.
 */
function pushbackMs({ reason, retryAfterMs }: ConversationError): number | undefined {
  if (NOT_RETRYABLE.has(reason)) return -1;
  return retryAfterMs === undefined ? undefined : Math.ceil(retryAfterMs * (1 + Math.random() / 2));
}

/** The status as a message, for the error reply to one request of a stream. */
export function toStatusMessage(error: ConversationError): Status {
  return statusMessage(error, messageOf(error), error.violations);
}

function messageOf(error: ConversationError): string {
  return truncateText(error.message.toWellFormed(), LIMITS.errorMessageBytes);
}

function statusMessage(error: ConversationError, message: string, violations: readonly Violation[]): Status {
  const info = { reason: error.reason, domain: ERROR_DOMAIN, metadata: { ...error.metadata } };
  const details = [pack('google.rpc.ErrorInfo', ErrorInfo.encode(info).finish())];
  if (violations.length > 0) {
    const fieldViolations = violations.map(({ field, description }) => ({
      field,
      description,
      reason: error.reason,
      localizedMessage: undefined,
    }));
    details.push(pack('google.rpc.BadRequest', BadRequest.encode({ fieldViolations }).finish()));
  }
  if (error.retryAfterMs !== undefined) {
    const seconds = Math.floor(error.retryAfterMs / 1000);
    const retryDelay = { seconds, nanos: (error.retryAfterMs % 1000) * 1_000_000 };
    details.push(pack('google.rpc.RetryInfo', RetryInfo.encode({ retryDelay }).finish()));
  }
  return { code: CODES[error.reason], message, details };
}

function pack(type: string, value: Uint8Array): Any {
  return { typeUrl: `type.googleapis.com/${type}`, value: Buffer.from(value) };
}

/** On the wire the message is percent-encoded and the details are base64. */
function trailerBytes(details: string, trailer: Uint8Array): number {
  return encodeURIComponent(details).length + Math.ceil(trailer.length / 3) * 4;
}
