import { overloaded } from '../core/errors';
import type { Interceptor } from './call';
import type { InFlightBudget } from './in-flight-budget';

/** Rejects calls while the budget is exhausted, and counts the others until their work ends. */
export function admission(budget: InFlightBudget): Interceptor {
  return (call, next) => {
    if (budget.isExhausted) return Promise.reject(overloaded());
    const { requestBytes } = call;
    budget.reserve(requestBytes);
    return next().finally(() => budget.release(requestBytes));
  };
}
