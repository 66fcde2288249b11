import { LIMITS } from './limits';

/** Stable error reasons. Each server maps them to its own codes, in one place. */
export type ErrorReason =
  | 'INVALID_REQUEST'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'SESSION_NOT_FOUND'
  | 'EVENT_NOT_FOUND'
  | 'SESSION_ENDED'
  | 'SESSION_DELETED'
  | 'SEQUENCE_MISMATCH'
  | 'OVERLOADED'
  | 'STORAGE_FULL'
  | 'STORE_UNAVAILABLE'
  | 'SHUTTING_DOWN'
  | 'DEADLINE_EXCEEDED'
  | 'CANCELLED'
  | 'INTERNAL';

/** One rule that a request violates. */
export interface Violation {
  /** The path in the request, such as `events[3].type`; empty if there is none. */
  readonly field: string;
  /** The rule, and how to satisfy it. */
  readonly description: string;
  /**
   * The place in the field's value, such as `.a[2]`. The error's message, which is logged, leaves it
   * out: keys of a payload can be personal data.
   */
  readonly inside?: string;
}

interface ConversationErrorDetails {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly violations?: readonly Violation[];
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** An error whose message is sent to the caller. Its cause is only logged. */
export class ConversationError extends Error {
  override readonly name = 'ConversationError';
  readonly metadata: Readonly<Record<string, string>>;
  /** The first violations, at most `LIMITS.maxViolations`. */
  readonly violations: readonly Violation[];
  /** How long the caller should wait before a retry, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(
    readonly reason: ErrorReason,
    message: string,
    details: ConversationErrorDetails = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.metadata = details.metadata ?? {};
    this.violations = details.violations ?? [];
    this.retryAfterMs = details.retryAfterMs;
  }
}

export function invalidRequest(violations: readonly Violation[]): ConversationError {
  const listed = violations.slice(0, LIMITS.maxViolations);
  const more = violations.length - listed.length;
  const lines = listed.map(({ field, description }) =>
    field === '' ? description : `${field} ${description}`,
  );
  const count =
    violations.length > listed.length
      ? ` (the first ${listed.length} of ${violations.length} violations, ${more} more)`
      : '';
  const message = `invalid request${count}: ${lines.join('; ')}`;
  return new ConversationError('INVALID_REQUEST', message, { violations: listed });
}

export function tokenMissing(): ConversationError {
  return new ConversationError(
    'UNAUTHENTICATED',
    'authentication required; send a token as "authorization: Bearer TOKEN"',
  );
}

export function tokenUnknown(): ConversationError {
  return new ConversationError(
    'UNAUTHENTICATED',
    'unknown token; check that it is complete, and request a new one if it was revoked',
  );
}

/** For a stream whose token was revoked after it started. */
export function tokenRevoked(): ConversationError {
  return new ConversationError(
    'UNAUTHENTICATED',
    'the token of this stream was revoked or changed; reconnect with a valid token',
  );
}

export function forbidden(): ConversationError {
  return new ConversationError('FORBIDDEN', 'this token is read-only; use one with the scope read-write');
}

export function sessionNotFound(sessionId: string): ConversationError {
  return new ConversationError('SESSION_NOT_FOUND', `Session with ID ${sessionId} not found`, {
    metadata: { session_id: sessionId },
  });
}

export function eventNotFound(sessionId: string, eventId: string): ConversationError {
  return new ConversationError(
    'EVENT_NOT_FOUND',
    `Event with ID ${eventId} not found in session ${sessionId}`,
    { metadata: { session_id: sessionId, event_id: eventId } },
  );
}

export function sessionEnded(sessionId: string, status: string): ConversationError {
  return new ConversationError(
    'SESSION_ENDED',
    `the session has ended as ${status}, which is final; only its language and metadata can be changed`,
    { metadata: { session_id: sessionId, status } },
  );
}

export function sessionDeleted(sessionId: string): ConversationError {
  return new ConversationError(
    'SESSION_DELETED',
    'a session with this ID was deleted: session IDs cannot be reused for 30 days after deletion; choose another',
    { metadata: { session_id: sessionId } },
  );
}

export function sequenceMismatch(expected: number, actual: number): ConversationError {
  return new ConversationError(
    'SEQUENCE_MISMATCH',
    `the session's last sequence is ${actual}, not the expected ${expected}; read the events after ${expected} before you retry`,
    { metadata: { expected: String(expected), actual: String(actual) } },
  );
}

export function overloaded(): ConversationError {
  return new ConversationError('OVERLOADED', 'the server is overloaded; retry later', {
    retryAfterMs: 500,
  });
}

export function storageFull(cause?: unknown): ConversationError {
  return new ConversationError(
    'STORAGE_FULL',
    'the disk is nearly full; writes are rejected and reads continue; free or add disk space, then retry',
    { cause },
  );
}

export function storeUnavailable(cause?: unknown): ConversationError {
  return new ConversationError('STORE_UNAVAILABLE', 'the store is unavailable; retry', {
    retryAfterMs: 1000,
    cause,
  });
}

export function shuttingDown(): ConversationError {
  return new ConversationError('SHUTTING_DOWN', 'this server is shutting down; retry on a new connection', {
    retryAfterMs: 100,
  });
}

/** For a stream that reached its maximum age. Streams end, gracefully, so that connections can be renewed. */
export function streamAged(): ConversationError {
  return new ConversationError(
    'SHUTTING_DOWN',
    'maximum stream age reached; reconnect and resend what is unanswered',
    { retryAfterMs: 0 },
  );
}

export function deadlineExceeded(): ConversationError {
  return new ConversationError(
    'DEADLINE_EXCEEDED',
    'the deadline passed before the outcome was known; retry with the same IDs to find out',
  );
}

export function cancelled(): ConversationError {
  return new ConversationError('CANCELLED', 'the caller cancelled the call');
}

/** For unexpected errors. The caller is not told the cause. */
export function internalError(cause: unknown): ConversationError {
  return new ConversationError('INTERNAL', 'internal error', { cause });
}

/** The error as its caller gets it: INTERNAL, unless it is one of ours. */
export function asConversationError(error: unknown): ConversationError {
  return error instanceof ConversationError ? error : internalError(error);
}
