import type { ConversationError, ErrorReason } from '../core/errors';
import type { Logger } from '../telemetry/logger';

/** A call as a whole, or one request of a stream. */
type Subject = 'call' | 'request';

/** Levels of failures that are not logged at `info`. A cancelled call is no fault of the server. */
const LEVELS: Readonly<Partial<Record<ErrorReason, 'error' | 'debug'>>> = {
  INTERNAL: 'error',
  CANCELLED: 'debug',
};

/** Logs a success, at `debug`. @param fields made only if the level is enabled */
export function logSuccess(logger: Logger, subject: Subject, fields: () => object): void {
  if (logger.isLevelEnabled('debug')) logger.debug(fields(), subject);
}

/** Logs a failure. @param failure undefined: the server's own code was not reached */
export function logFailure(
  logger: Logger,
  subject: Subject,
  failure: ConversationError | undefined,
  fields: () => object,
): void {
  const level = failure === undefined ? 'info' : (LEVELS[failure.reason] ?? 'info');
  if (!logger.isLevelEnabled(level)) return;
  logger[level]({ ...fields(), ...describe(failure) }, `${subject} failed`);
}

function describe(failure: ConversationError | undefined): object {
  if (failure === undefined) return {};
  const { reason, message, cause } = failure;
  return { reason, message, ...(cause === undefined ? {} : { err: cause }) };
}

/** A duration since a `performance.now()`, in milliseconds with two decimals. */
export function roundMs(ms: number): number {
  return Math.round(ms * 100) / 100;
}
