import { QueryTimeoutError } from './errors';

/** How long one question to the store may take, in milliseconds; a write's outcome is not known then. */
export const QUERY_TIMEOUT_MS = 4000;

/**
 * Waits for the store no longer than this. `maxTimeMS` is the server's to
 * enforce, and a frozen server enforces nothing; what comes later is let go.
 */
export async function within<Value>(limitMs: number, asked: Promise<Value>): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new QueryTimeoutError(`the store did not answer within ${limitMs} ms`)),
      limitMs,
    );
  });
  try {
    return await Promise.race([asked, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
