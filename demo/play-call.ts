import { SessionStatus, type Session } from '../generated/conversation/v1/session';
import type { Event } from '../generated/conversation/v1/event';
import type { AddEventResponse } from '../generated/conversation/v1/session_service';
import type { RpcClient } from '../test/support/rpc-client';
import { type Call, DemoError, messageOf, type PlayedEvent } from './call-file';

/** Small, so that a call of ordinary length takes several pages. */
export const PAGE_SIZE = 20;

/**
 * Sends a call as a voice server would: the session, each event, the hang-up, what comes after it.
 *
 * @param pauseMs before each event, in milliseconds
 */
export async function playCall(client: RpcClient, call: Call, pauseMs: number): Promise<void> {
  const { sessionId, language, metadata, place } = call;
  const status = SessionStatus.SESSION_STATUS_ACTIVE;
  const { created } = await refusedAt(place, () =>
    client.createSession({ sessionId, language, status, metadata }),
  );
  if (!created) throw new DemoError(`${place}: the session ${sessionId} existed before it was created`);
  for (const event of call.events.filter(({ afterHangUp }) => !afterHangUp)) {
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    await sendEvent(client, sessionId, event);
  }
  await refusedAt(place, () =>
    client.completeSession({
      sessionId,
      status: SessionStatus.SESSION_STATUS_COMPLETED,
      endReason: 'hang-up',
    }),
  );
  for (const event of call.events.filter(({ afterHangUp }) => afterHangUp))
    await sendEvent(client, sessionId, event);
}

async function sendEvent(client: RpcClient, sessionId: string, played: PlayedEvent): Promise<void> {
  const { eventId, type, payload, place } = played;
  for (let attempt = 1; attempt <= played.sent; attempt += 1) {
    const reply = await refusedAt(place, () => client.addEvent({ sessionId, eventId, type, payload }));
    const fault = faultOf(reply, attempt);
    if (fault !== undefined) throw new DemoError(`${place}: sending ${eventId}: ${fault}`);
  }
}

function faultOf({ duplicate, payloadMismatch }: AddEventResponse, attempt: number): string | undefined {
  if (payloadMismatch) return 'the service says that its payload differs from the stored one';
  if (attempt === 1 && duplicate) return 'the service says that it had it before it was sent';
  if (attempt > 1 && !duplicate) return `attempt ${attempt} was stored anew`;
  return undefined;
}

/** A log as it was read back. */
export interface ReadLog {
  readonly session: Session;
  readonly events: readonly Event[];
  readonly pages: number;
}

/** Reads a session's whole log, a page after the other. */
export async function readLog(client: RpcClient, sessionId: string): Promise<ReadLog> {
  const events: Event[] = [];
  for (let pages = 1; ; pages += 1) {
    const page = await client.getSession({ sessionId, offset: events.length, limit: PAGE_SIZE });
    events.push(...page.events);
    if (page.session === undefined || page.pagination === undefined)
      throw new DemoError(`page ${pages} of ${sessionId} came without its session or pagination`);
    if (!page.pagination.hasMore) return { session: page.session, events, pages };
    if (page.events.length === 0)
      throw new DemoError(`page ${pages} of ${sessionId} is empty, and not the last`);
  }
}

async function refusedAt<Reply>(place: string, call: () => Promise<Reply>): Promise<Reply> {
  try {
    return await call();
  } catch (error) {
    throw new DemoError(`${place}: the service refused it: ${messageOf(error)}`);
  }
}
