import { setTimeout as sleep } from 'node:timers/promises';
import { Metadata, status as Code } from '@grpc/grpc-js';
import type { Event } from '../../generated/conversation/v1/event';
import type {
  SessionServiceClient,
  WatchSessionResponse,
} from '../../generated/conversation/v1/session_service';

/** Status codes after which the watch is opened again. */
const TRANSIENT_CODES = new Set<unknown>([
  Code.UNAVAILABLE,
  Code.RESOURCE_EXHAUSTED,
  Code.INTERNAL,
  Code.UNKNOWN,
]);

/** Backoff before opening another watch, in milliseconds: initial and maximum. */
const INITIAL_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 5_000;

/** Yields a session's events after a sequence, each once and in order, until the session has ended, across server restarts. */
export async function* watchSession(
  client: SessionServiceClient,
  sessionId: string,
  afterSequence = 0,
): AsyncGenerator<Event> {
  let last = afterSequence;
  let failures = 0;
  for (;;) {
    const watch = client.watchSession(
      { sessionId, afterSequence: last },
      new Metadata({ waitForReady: true }),
    );
    try {
      const updates: AsyncIterable<WatchSessionResponse> = watch;
      for await (const { update } of updates) {
        failures = 0;
        if (update?.$case !== 'event') continue;
        last = update.value.sequence;
        yield update.value;
      }
      return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && TRANSIENT_CODES.has(error.code))) throw error;
      await sleep(Math.min(INITIAL_BACKOFF_MS * 2 ** failures, MAX_BACKOFF_MS) * (0.5 + Math.random() / 2));
      failures += 1;
    } finally {
      watch.cancel();
    }
  }
}
