import { asConversationError, cancelled, deadlineExceeded } from '../core/errors';
import type { RequestContext } from '../core/request-context';

/** The longest delay that Node's timers take, in milliseconds: about 24 days. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Does the work, and rejects as soon as its caller's deadline passes or its caller cancels. The
 * work may go on then: it learns from the context that nobody waits for it.
 */
export function untilDeadline<Reply>(context: RequestContext, work: () => Promise<Reply>): Promise<Reply> {
  if (context.cancelled) return Promise.reject(cancelled());
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => {
        context.onCancel = undefined;
        reject(deadlineExceeded());
      },
      Math.min(context.remainingMs(), MAX_TIMER_MS),
    );
    const settle = (): void => {
      clearTimeout(timer);
      // The gRPC library reports every call as cancelled after its end: no error is to be made for that.
      context.onCancel = undefined;
    };
    context.onCancel = () => {
      settle();
      reject(context.remainingMs() <= 0 ? deadlineExceeded() : cancelled());
    };
    work().then(
      (reply) => {
        settle();
        resolve(reply);
      },
      (error: unknown) => {
        settle();
        reject(asConversationError(error));
      },
    );
  });
}
