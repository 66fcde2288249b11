import { SessionStatus } from '../generated/conversation/v1/session';
import type { RpcClient } from '../test/support/rpc-client';
import { DemoError } from './call-file';
import type { Paint } from './colours';
import { endText, eventText, titleText } from './print-conversation';

/** Interval of polling for a call to start, in milliseconds. */
const POLL_INTERVAL_MS = 100;

/** Maximum duration of a call, in milliseconds. */
const MAX_CALL_MS = 3_600_000;

/** Prints the events of the newest call, or else of the next one, as they arrive, until the call ends. */
export async function watchCall(
  client: RpcClient,
  paint: Paint,
  print: (text: string) => void,
): Promise<void> {
  const sessionId = await newestSession(client, print);
  print(titleText(sessionId, paint));
  const watch = client.watchSession({ sessionId }, MAX_CALL_MS);
  watch.onEvent = (event) => print(eventText(event, paint));
  const failure = await watch.end;
  if (failure !== undefined) throw new DemoError(`the watch of ${sessionId} ended: ${failure.message}`);
  const last = watch.updates.at(-1);
  print(
    endText(
      typeof last === 'object' ? last : { status: SessionStatus.SESSION_STATUS_COMPLETED, endReason: '' },
      paint,
    ),
  );
}

async function newestSession(client: RpcClient, print: (text: string) => void): Promise<string> {
  for (let polls = 0; ; polls += 1) {
    const [newest] = (await client.listSessions({ pageSize: 1 })).sessions;
    if (newest !== undefined) return newest.sessionId;
    if (polls === 0) print('waiting for a call to start');
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
  }
}
