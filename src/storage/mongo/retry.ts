import { setTimeout as sleep } from 'node:timers/promises';
import { storeUnavailable } from '../../core/errors';
import type { RequestContext } from '../../core/request-context';
import type { Database, MongoConnection } from './connection';
import { isTransient, isUnreachable, toConversationError } from './errors';
import { withQueryTimeout } from './query-timeout';

/** The mean delay before a retry, in milliseconds; jitter adds or removes up to half. */
const RETRY_DELAY_MS = 50;

/** One attempt of an operation; `undefined` where its result is not known yet, and a retry may tell. */
export type Attempt<Result> = (database: Database) => Promise<Result | undefined>;

/** Retries until the result is known, an error is not transient, or the caller's deadline has come. */
export async function retryUntilKnown<Result>(
  connection: MongoConnection,
  context: RequestContext,
  attempt: Attempt<Result>,
): Promise<Result> {
  for (;;) {
    context.throwIfEnded();
    let failure: unknown;
    try {
      const result = await withQueryTimeout(attempt(connection.database));
      if (result !== undefined) return result;
    } catch (error) {
      if (!isTransient(error) || isUnreachable(error)) throw toConversationError(error);
      failure = error;
    }
    const delayMs = RETRY_DELAY_MS * (0.5 + Math.random());
    if (context.remainingMs() <= delayMs) throw storeUnavailable(failure);
    await sleep(delayMs);
  }
}

/** Retries a write like `retryUntilKnown`; it is sent and acknowledged only while the database is intact. */
export function writeUntilKnown<Result>(
  connection: MongoConnection,
  context: RequestContext,
  attempt: Attempt<Result>,
): Promise<Result> {
  const { integrity } = connection;
  return retryUntilKnown(connection, context, async (database) => {
    const epoch = await integrity.confirm();
    const result = await attempt(database);
    if (result !== undefined) await integrity.confirmStill(epoch);
    return result;
  });
}
