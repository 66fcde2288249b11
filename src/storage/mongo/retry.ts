import { setTimeout as sleep } from 'node:timers/promises';
import { storeUnavailable } from '../../core/errors';
import type { RequestContext } from '../../core/request-context';
import type { Database, MongoConnection } from './connection';
import { isTransient, isUnreachable, toConversationError } from './errors';
import { withQueryTimeout } from './query-timeout';

/** About how long to wait before asking again, in milliseconds. */
const AGAIN_MS = 50;

/** A question to the store; `undefined` where its answer is not settled yet, and it is to be asked again. */
export type Attempt<Answer> = (database: Database) => Promise<Answer | undefined>;

/** Asks until the answer is settled, the failure is not one that passes, or the caller's time is over. */
export async function retryUntilKnown<Answer>(
  connection: MongoConnection,
  context: RequestContext,
  attempt: Attempt<Answer>,
): Promise<Answer> {
  for (;;) {
    context.throwIfEnded();
    let failure: unknown;
    try {
      const answer = await withQueryTimeout(attempt(connection.database));
      if (answer !== undefined) return answer;
    } catch (error) {
      if (!isTransient(error) || isUnreachable(error)) throw toConversationError(error);
      failure = error;
    }
    const ms = AGAIN_MS * (0.5 + Math.random());
    if (context.remainingMs() <= ms) throw storeUnavailable(failure);
    await sleep(ms);
  }
}
