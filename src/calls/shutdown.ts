import { shuttingDown } from '../core/errors';
import type { Interceptor, StreamCall } from './call';

/** A server's shutdown, as its calls see it. */
export class Shutdown {
  private begun = false;
  private readonly listeners = new Set<() => void>();

  get hasBegun(): boolean {
    return this.begun;
  }

  /** From now on, new calls are rejected and open streams end. */
  begin(): void {
    this.begun = true;
    for (const listener of this.listeners) listener();
  }

  /** Rejects calls that arrive after the shutdown has begun. */
  readonly refuse: Interceptor = (_, next) => (this.begun ? Promise.reject(shuttingDown()) : next());

  /** As `refuse`, and ends streams that are open when the shutdown begins. */
  readonly end: Interceptor<StreamCall> = (call, next) => {
    if (this.begun) return Promise.reject(shuttingDown());
    const onBegin = (): void => call.abort(shuttingDown());
    this.listeners.add(onBegin);
    return next().finally(() => this.listeners.delete(onBegin));
  };
}
