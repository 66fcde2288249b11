import { status as Code } from '@grpc/grpc-js';
import { CallError } from './call-error';

/** How each call ended: `OK`, or the name of its code. */
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
