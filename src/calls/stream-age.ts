import { streamAged } from '../core/errors';
import type { Interceptor, StreamCall } from './call';

/** Ends streams that reach an age, so that their clients reconnect and load spreads. @param maxMs in milliseconds */
export function limitAge(maxMs: number): Interceptor<StreamCall> {
  return (call, next) => {
    const timer = setTimeout(() => call.abort(streamAged()), maxMs);
    return next().finally(() => clearTimeout(timer));
  };
}
