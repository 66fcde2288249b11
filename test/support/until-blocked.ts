import type { IngestStream } from './ingest-stream';
import type { RpcClient } from './rpc-client';
import { storedCount } from './stored-count';
import { until } from './until';

/** Calls of another caller, one after the other: a server that still took events would take some meanwhile. */
const CALLS = 200;

/** Every one of them is answered by then, or the test fails, in milliseconds. */
const CALL_MS = 2000;

/** Of a stream that the server has stopped reading. */
export interface Blocked {
  /** Events that the client's library has taken to send. */
  readonly taken: number;
  /** Events that the server has stored. */
  readonly stored: number;
}

/** Waits until nothing more of the stream is taken or stored while the server serves another caller. */
export function untilBlocked(
  stream: IngestStream,
  sessionIds: readonly string[],
  other: RpcClient,
  othersSession: string,
): Promise<Blocked> {
  let called = 0;
  const look = async (): Promise<Blocked> => ({
    taken: stream.takenCount,
    stored: await storedCount(other, sessionIds),
  });
  return until(
    'nothing more of the stream is taken while others are served',
    async () => {
      const before = await look();
      for (const last = called + CALLS; called < last; called += 1) {
        const event = { sessionId: othersSession, eventId: `e${called}` };
        await other.addEvent(event, { deadline: Date.now() + CALL_MS });
      }
      const { taken, stored } = await look();
      return stored > 0 && stored === before.stored && taken === before.taken ? before : undefined;
    },
    30_000,
  );
}
