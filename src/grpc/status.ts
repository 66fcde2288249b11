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

/** With 20 violations of this length, the trailers of any error fit. */
const MIN_DESCRIPTION_BYTES = 40;

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
  const message = toStatusMessage(error);
  const metadata = new Metadata();
  metadata.set('grpc-status-details-bin', Buffer.from(Status.encode(message).finish()));
  const pushback = pushbackMs(error);
  if (pushback !== undefined) metadata.set('grpc-retry-pushback-ms', String(pushback));
  return { code: CODES[error.reason], details: message.message, metadata };
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

/** The status as a message, also for the error reply to one request of a stream. It fits the trailers. */
export function toStatusMessage(error: ConversationError): Status {
  const text = truncateText(error.message.toWellFormed(), LIMITS.errorMessageBytes);
  const { violations } = error;
  if (violations.length === 0) return statusMessage(error, text, violations);
  let maximumBytes: number = LIMITS.errorMessageBytes;
  let message = statusMessage(error, text, shorten(violations, maximumBytes));
  while (trailerBytes(message) > TRAILER_BYTES && maximumBytes > MIN_DESCRIPTION_BYTES) {
    maximumBytes = Math.ceil(maximumBytes * 0.8);
    message = statusMessage(error, text, shorten(violations, maximumBytes));
  }
  return message;
}

function shorten(violations: readonly Violation[], maximumBytes: number): Violation[] {
  return violations.map(({ field, description }) => ({
    field,
    description: truncateText(description, maximumBytes),
  }));
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
function trailerBytes(status: Status): number {
  return encodeURIComponent(status.message).length + Math.ceil(Status.encode(status).finish().length / 3) * 4;
}
