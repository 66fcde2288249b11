import { withTimeout } from '../../core/with-timeout';

/** The longest that one query or write may take, in milliseconds. */
export const QUERY_TIMEOUT_MS = 4000;

/** The database did not reply in time. The outcome of a write is unknown. */
export class QueryTimeoutError extends Error {
  override readonly name = 'QueryTimeoutError';
}

/** Enforces the timeout here too: `maxTimeMS` is enforced by the server, and a frozen server enforces nothing. */
export function withQueryTimeout<Value>(reply: Promise<Value>, ms = QUERY_TIMEOUT_MS): Promise<Value> {
  return withTimeout(ms, reply, () => {
    throw new QueryTimeoutError(`MongoDB did not reply within ${ms} ms`);
  });
}
