import type { IngestStream } from './ingest-stream';
import type { RpcClient } from './rpc-client';
import { storedCount } from './stored-count';
import { until } from './until';

/** Consecutive calls of another client: a server that still read the stream would make progress meanwhile. */
const CALLS = 200;

/** The deadline of each of these calls, in milliseconds. */
const CALL_DEADLINE_MS = 2000;

/** The progress of a stream. */
export interface StreamProgress {
  /** Events that the client library has accepted to send. */
  readonly accepted: number;
  /** Events that the server has stored. */
  readonly stored: number;
}

/** Waits until a stream makes no progress while the server serves another client, and returns its progress. */
export function untilBlocked(
  stream: IngestStream,
  sessionIds: readonly string[],
  other: RpcClient,
  otherId: string,
): Promise<StreamProgress> {
  let sent = 0;
  const progress = async (): Promise<StreamProgress> => ({
    accepted: stream.acceptedCount,
    stored: await storedCount(other, sessionIds),
  });
  return until(
    'the stream makes no progress while another client is served',
    async () => {
      const before = await progress();
      for (const last = sent + CALLS; sent < last; sent += 1) {
        const event = { sessionId: otherId, eventId: `e${sent}` };
        await other.addEvent(event, { deadline: Date.now() + CALL_DEADLINE_MS });
      }
      const { accepted, stored } = await progress();
      return stored > 0 && stored === before.stored && accepted === before.accepted ? before : undefined;
    },
    30_000,
  );
}
