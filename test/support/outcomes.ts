import { status as Code } from '@grpc/grpc-js';
import { CallError } from './call-error';

/** Returns the outcome of each call: `OK`, or the name of its status code. */
export function outcomesOf(calls: readonly Promise<unknown>[]): Promise<string[]> {
  return Promise.all(
    calls.map((call) =>
      call.then(
        () => 'OK',
        (error: unknown) => {
          if (error instanceof CallError) return Code[error.code];
          throw error;
        },
      ),
    ),
  );
}
