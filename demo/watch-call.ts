import { SessionStatus } from '../generated/conversation/v1/session';
import type { RpcClient } from '../test/support/rpc-client';
import { DemoError } from './call-file';
import type { Paint } from './colours';
import { endText, eventText, titleText } from './print-conversation';

/** How often to look for a call that begins, in milliseconds. */
const LOOK_MS = 100;

/** A call lasts no longer, in milliseconds. */
const LONGEST_MS = 3_600_000;

/** Prints the newest call, or the next that begins, event by event as they come, until it has ended. */
export async function watchCall(client: RpcClient, paint: Paint, say: (text: string) => void): Promise<void> {
  const sessionId = await newestSession(client, say);
  say(titleText(sessionId, paint));
  const watch = client.watchSession({ sessionId }, LONGEST_MS);
  watch.onEvent = (event) => say(eventText(event, paint));
  const failure = await watch.end;
  if (failure !== undefined) throw new DemoError(`the watch of ${sessionId} ended: ${failure.message}`);
  const last = watch.updates.at(-1);
  say(
    endText(
      typeof last === 'object' ? last : { status: SessionStatus.SESSION_STATUS_COMPLETED, endReason: '' },
      paint,
    ),
  );
}

async function newestSession(client: RpcClient, say: (text: string) => void): Promise<string> {
  for (let looks = 0; ; looks += 1) {
    const [newest] = (await client.listSessions({ pageSize: 1 })).sessions;
    if (newest !== undefined) return newest.sessionId;
    if (looks === 0) say('waiting for a call to begin');
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
