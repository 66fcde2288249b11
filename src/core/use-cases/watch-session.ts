import { setTimeout as sleep } from 'node:timers/promises';
import { ConversationError } from '../errors';
import type { Event } from '../event';
import { isCount, LIMITS } from '../limits';
import { RequestContext } from '../request-context';
import type { Session } from '../session';
import type { PageRange, SessionPage, SessionRepository } from '../store';
import { checkId } from '../validation/text';
import { Violations } from '../validation/violations';

export interface WatchSessionRequest {
  readonly sessionId: string;
  readonly afterSequence: number;
}

/** What a watcher is told: one of these. */
export type WatchUpdate =
  | { readonly kind: 'event'; readonly event: Event }
  | { readonly kind: 'caughtUp'; readonly sequence: number }
  | { readonly kind: 'session'; readonly session: Session };

/** Events that are read at once: what a watcher that stops reading holds of them, with `READ_BYTES`. */
const READ_EVENTS = 100;
const READ_BYTES = LIMITS.payloadBytes;

/** How long a read may take, and how long the store may be lost until the watch ends, in milliseconds. */
const READ_MS = 10_000;
const LOST_MS = 30_000;

/** About how long to wait before the next read: after one that failed, and for what was announced, in milliseconds. */
const RETRY_MS = 250;
const ANNOUNCED_MS = 10;

/**
 * Tells of a session's events after a sequence, the stored ones first, and of its changes from
 * then on; ends when the session has ended and all is told. Nothing is read that nobody takes.
 *
 * @param caller whose cancellation ends the watch
 */
export async function* watchSession(
  repository: SessionRepository,
  request: WatchSessionRequest,
  caller: RequestContext,
): AsyncGenerator<WatchUpdate, void> {
  const violations = new Violations();
  checkId(violations, 'session_id', request.sessionId);
  if (!isCount(request.afterSequence)) violations.add('after_sequence', 'must be a whole number, 0 or more');
  violations.throwIfAny();
  // Before the first read: what happens from then on wakes it.
  const watch = repository.watch(request.sessionId);
  caller.onCancel = () => watch.notify(0);
  try {
    let position = request.afterSequence;
    /** Of the session as it was told; undefined until all that is stored has been. */
    let revision: number | undefined;
    for (;;) {
      watch.reset();
      const range = { afterSequence: position, limit: READ_EVENTS, maximumBytes: READ_BYTES };
      const { session, events } = await readOn(repository, request.sessionId, range, caller);
      for (const event of events) {
        yield { kind: 'event', event };
        position = event.sequence;
      }
      if (position < session.eventCount) continue;
      if (revision === undefined) yield { kind: 'caughtUp', sequence: session.eventCount };
      else if (revision !== session.revision) yield { kind: 'session', session };
      revision = session.revision;
      if (session.endedAt !== undefined) return;
      if (position < watch.announcedSequence && session.eventCount < watch.announcedSequence)
        await sleep(ANNOUNCED_MS);
      else await watch.next();
    }
  } finally {
    watch.close();
  }
}

/** Reads, and again while the store is lost for a moment: a watch outlives an election. */
async function readOn(
  repository: SessionRepository,
  sessionId: string,
  range: PageRange,
  caller: RequestContext,
): Promise<SessionPage> {
  const giveUpAt = Date.now() + LOST_MS;
  for (;;) {
    caller.throwIfEnded();
    try {
      return await repository.readSession(sessionId, range, new RequestContext(Date.now() + READ_MS));
    } catch (error) {
      const passing =
        error instanceof ConversationError &&
        (error.reason === 'STORE_UNAVAILABLE' || error.reason === 'DEADLINE_EXCEEDED');
      if (!passing || Date.now() > giveUpAt) throw error;
      await sleep(RETRY_MS);
    }
  }
}
