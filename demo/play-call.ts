import { SessionStatus, type Session } from '../generated/conversation/v1/session';
import type { Event } from '../generated/conversation/v1/event';
import type { AddEventResponse } from '../generated/conversation/v1/session_service';
import { errorMessage } from '../src/core/error-message';
import type { RpcClient } from '../test/support/rpc-client';
import { type Call, DemoError, type PlayedEvent } from './call-file';

/** Small, so that a typical call has several pages. */
export const PAGE_SIZE = 20;

/**
 * Sends a call as a voice server would: CreateSession, the events, CompleteSession, and the events after the hang-up.
 *
 * @param pauseMs pause before each event, in milliseconds
 */
export async function playCall(client: RpcClient, call: Call, pauseMs: number): Promise<void> {
  const { sessionId, language, metadata, place } = call;
  const status = SessionStatus.SESSION_STATUS_ACTIVE;
  const { created } = await withPlace(place, () =>
    client.createSession({ sessionId, language, status, metadata }),
  );
  if (!created) throw new DemoError(`${place}: the session ${sessionId} already exists`);
  for (const event of call.events.filter(({ afterHangUp }) => !afterHangUp)) {
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    await sendEvent(client, sessionId, event);
  }
  await withPlace(place, () =>
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
    const reply = await withPlace(place, () => client.addEvent({ sessionId, eventId, type, payload }));
    const fault = faultOf(reply, attempt);
    if (fault !== undefined) throw new DemoError(`${place}: sending ${eventId}: ${fault}`);
  }
}

function faultOf({ duplicate, payloadMismatch }: AddEventResponse, attempt: number): string | undefined {
  if (payloadMismatch) return 'the service reported a payload mismatch';
  if (attempt === 1 && duplicate) return 'the service reported the first attempt as a duplicate';
  if (attempt > 1 && !duplicate) return `the service did not report attempt ${attempt} as a duplicate`;
  return undefined;
}

/** A session's log, read from the service. */
export interface ReadLog {
  readonly session: Session;
  readonly events: readonly Event[];
  readonly pages: number;
}

/** Reads a session's whole log, page by page. */
export async function readLog(client: RpcClient, sessionId: string): Promise<ReadLog> {
  const events: Event[] = [];
  for (let pages = 1; ; pages += 1) {
    const page = await client.getSession({ sessionId, offset: events.length, limit: PAGE_SIZE });
    events.push(...page.events);
    if (page.session === undefined || page.pagination === undefined)
      throw new DemoError(`page ${pages} of ${sessionId} has no session or pagination`);
    if (!page.pagination.hasMore) return { session: page.session, events, pages };
    if (page.events.length === 0)
      throw new DemoError(`page ${pages} of ${sessionId} is empty but not the last`);
  }
}

async function withPlace<Reply>(place: string, call: () => Promise<Reply>): Promise<Reply> {
  try {
    return await call();
  } catch (error) {
    throw new DemoError(`${place}: rejected by the service: ${errorMessage(error)}`);
  }
}
