import { setTimeout as sleep } from 'node:timers/promises';
import { ConversationError } from '../errors';
import type { Event } from '../event';
import { LIMITS } from '../limits';
import { RequestContext } from '../request-context';
import type { Session } from '../session';
import type { EventStore, PageRange, SessionPage, Store } from '../store';
import { checkCount } from '../validation/count';
import { checkId } from '../validation/text';
import { Violations } from '../validation/violations';

export interface WatchSessionRequest {
  readonly sessionId: string;
  readonly afterSequence: number;
}

/** One update of a watch. */
export type WatchUpdate =
  | { readonly kind: 'event'; readonly event: Event }
  | { readonly kind: 'caughtUp'; readonly sequence: number }
  | { readonly kind: 'session'; readonly session: Session };

/** Limits of one read, and so of the events that a watch holds in memory. */
const READ_EVENTS = 100;
const READ_BYTES = LIMITS.payloadBytes;

/** The deadline of a read, in milliseconds. */
const READ_TIMEOUT_MS = 10_000;

/** How long reads may fail before the watch ends, and the delay between them, in milliseconds. */
const MAX_OUTAGE_MS = 30_000;
const RETRY_MS = 250;

/** The delay before an announced event that was not visible yet is read again, in milliseconds. */
const ANNOUNCED_MS = 10;

/**
 * Yields a session's events after a sequence, the stored ones first, and its changes from then on.
 * Ends when the session has ended and all its events have been yielded. Reads only as fast as
 * updates are consumed.
 *
 * @param caller its cancellation ends the watch
 */
export async function* watchSession(
  { events, watches }: Pick<Store, 'events' | 'watches'>,
  request: WatchSessionRequest,
  caller: RequestContext,
): AsyncGenerator<WatchUpdate, void> {
  const violations = new Violations();
  checkId(violations, 'session_id', request.sessionId);
  checkCount(violations, 'after_sequence', request.afterSequence);
  violations.throwIfAny();
  // Before the first read, so that no later change is missed.
  const watcher = watches.watch(request.sessionId);
  caller.cancelListener = { onCancel: () => watcher.notify(0) };
  try {
    let position = request.afterSequence;
    /** Of the session as last reported; undefined until the watch has caught up. */
    let revision: number | undefined;
    for (;;) {
      watcher.reset();
      const range = { afterSequence: position, limit: READ_EVENTS, maximumBytes: READ_BYTES };
      const { session, events: page } = await readWithRetry(events, request.sessionId, range, caller);
      for (const event of page) {
        yield { kind: 'event', event };
        position = event.sequence;
      }
      if (position < session.eventCount) continue;
      if (revision === undefined) yield { kind: 'caughtUp', sequence: session.eventCount };
      else if (revision !== session.revision) yield { kind: 'session', session };
      revision = session.revision;
      if (session.endedAt !== undefined) return;
      const { announcedSequence } = watcher;
      if (position < announcedSequence && session.eventCount < announcedSequence) await sleep(ANNOUNCED_MS);
      else await watcher.next();
    }
  } finally {
    watcher.close();
  }
}

/** Retries while the store is unavailable, so that a watch survives an election. */
async function readWithRetry(
  events: EventStore,
  sessionId: string,
  range: PageRange,
  caller: RequestContext,
): Promise<SessionPage> {
  const giveUpAt = Date.now() + MAX_OUTAGE_MS;
  for (;;) {
    caller.throwIfEnded();
    try {
      return await events.readPage(sessionId, range, new RequestContext(Date.now() + READ_TIMEOUT_MS));
    } catch (error) {
      const isTransient =
        error instanceof ConversationError &&
        (error.reason === 'STORE_UNAVAILABLE' || error.reason === 'DEADLINE_EXCEEDED');
      if (!isTransient || Date.now() > giveUpAt) throw error;
      await sleep(RETRY_MS);
    }
  }
}
