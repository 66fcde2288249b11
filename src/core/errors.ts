import { LIMITS } from './limits';

/** Stable names of what went wrong; each face maps them to its own codes, in one place. */
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

/** One broken rule. */
export interface Violation {
  /** The path in the request, such as `events[3].type`; empty where it has none. */
  readonly field: string;
  /** What is wrong and what would be right. */
  readonly description: string;
}

interface ConversationErrorDetails {
  readonly metadata?: Readonly<Record<string, string>>;
  readonly violations?: readonly Violation[];
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** An error whose message is for the caller. The cause is for the log alone. */
export class ConversationError extends Error {
  override readonly name = 'ConversationError';
  readonly metadata: Readonly<Record<string, string>>;
  /** The first violations, at most `LIMITS.violationsListed`. */
  readonly violations: readonly Violation[];
  /** How long a caller should wait before it tries again, in milliseconds. */
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
  const count = more > 0 ? ` (the first ${listed.length} of ${violations.length} faults, ${more} more)` : '';
  const message = `invalid request${count}: ${lines.join('; ')}`;
  return new ConversationError('INVALID_REQUEST', message, { violations: listed });
}

export function tokenMissing(): ConversationError {
  return new ConversationError(
    'UNAUTHENTICATED',
    'a token is needed: send it as "authorization: Bearer TOKEN"',
  );
}

export function tokenUnknown(): ConversationError {
  return new ConversationError(
    'UNAUTHENTICATED',
    'this token is not known here: check that it is whole, and ask for a new one if it was revoked',
  );
}

/** For what was begun with a token and lasts. */
export function tokenRevoked(): ConversationError {
  return new ConversationError(
    'UNAUTHENTICATED',
    'the token that this was begun with was revoked or changed: begin anew with one that holds',
  );
}

export function forbidden(): ConversationError {
  return new ConversationError(
    'FORBIDDEN',
    'this token may only read: a call that changes something needs one with the scope read-write',
  );
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
    `the session has ended as ${status}, which is final: its language and metadata can be changed, its status cannot`,
    { metadata: { session_id: sessionId, status } },
  );
}

export function sessionDeleted(sessionId: string): ConversationError {
  return new ConversationError(
    'SESSION_DELETED',
    'a session of this id was deleted, and ids of deleted sessions are not given again for 30 days: take another',
    { metadata: { session_id: sessionId } },
  );
}

export function sequenceMismatch(expected: number, actual: number): ConversationError {
  return new ConversationError(
    'SEQUENCE_MISMATCH',
    `the session's last sequence is ${actual}, not ${expected} as expected: read the events after ${expected}, then decide anew`,
    { metadata: { expected: String(expected), actual: String(actual) } },
  );
}

export function overloaded(): ConversationError {
  return new ConversationError(
    'OVERLOADED',
    'the server has more work than it can answer soon: send this again later',
    {
      retryAfterMs: 500,
    },
  );
}

export function storageFull(cause?: unknown): ConversationError {
  return new ConversationError(
    'STORAGE_FULL',
    'the disk is nearly full: writes are refused and reads go on; free or add disk space, then send this again',
    { cause },
  );
}

export function storeUnavailable(cause?: unknown): ConversationError {
  return new ConversationError('STORE_UNAVAILABLE', 'the store cannot be reached: send this again', {
    retryAfterMs: 1000,
    cause,
  });
}

export function shuttingDown(): ConversationError {
  return new ConversationError(
    'SHUTTING_DOWN',
    'this server is shutting down: send this again on a new connection',
    {
      retryAfterMs: 100,
    },
  );
}

/** A stream is ended now and then, in the orderly way, so that connections can age. */
export function streamAged(): ConversationError {
  return new ConversationError(
    'SHUTTING_DOWN',
    'this stream has lasted long enough: open another, and send again what has no reply',
    { retryAfterMs: 0 },
  );
}

export function deadlineExceeded(): ConversationError {
  return new ConversationError(
    'DEADLINE_EXCEEDED',
    'the deadline passed before the outcome was known: send this again with the same ids to settle it',
  );
}

export function cancelled(): ConversationError {
  return new ConversationError('CANCELLED', 'the caller cancelled the call');
}

/** Anything that nobody foresaw: the caller learns nothing of the cause. */
export function internalError(cause: unknown): ConversationError {
  return new ConversationError('INTERNAL', 'internal error', { cause });
}

/** The error as its caller gets it: INTERNAL, unless it is one of ours. */
export function asConversationError(error: unknown): ConversationError {
  return error instanceof ConversationError ? error : internalError(error);
}
