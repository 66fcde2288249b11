import { setTimeout as sleep } from 'node:timers/promises';
import { ConversationError } from '../errors';
import type { Event } from '../event';
import { RequestContext } from '../request-context';
import type { Session } from '../session';
import { type EventStore, NO_EVENTS, type Store } from '../store';
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

/** Limits of one read, and so of the events that a watch holds in memory. A larger event is read alone. */
const READ_EVENTS = 100;
const READ_BYTES = 1024 * 1024;

/** The deadline of a read, in milliseconds. */
const READ_TIMEOUT_MS = 10_000;

/** How long reads may fail before the watch ends, and the delay between them, in milliseconds. */
const MAX_OUTAGE_MS = 30_000;
const RETRY_MS = 250;

/**
 * The delay before an announced event that was not visible yet is read again, in milliseconds: soon at first,
 * later rarely. It may never become visible: events that come after their session's deletion are removed.
 */
const SOON_MS = 10;
const LATER_MS = 1000;
const SOON_FOR_MS = 5000;

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
    const announced = new AnnouncedEvent();
    for (;;) {
      watcher.reset();
      const range = { afterSequence: position, limit: READ_EVENTS, maximumBytes: READ_BYTES };
      const { session, events: page } = await withRetry(caller, (context) =>
        events.readEvents(request.sessionId, range, context),
      );
      for (const event of page) {
        yield { kind: 'event', event };
        position = event.sequence;
      }
      if (position < session.eventCount) continue;
      if (revision === undefined) yield { kind: 'caughtUp', sequence: session.eventCount };
      else if (revision !== session.revision)
        yield { kind: 'session', session: await readSession(events, request.sessionId, caller) };
      revision = session.revision;
      if (session.endedAt !== undefined) return;
      const last = Math.max(position, session.eventCount);
      const delayMs = announced.retryDelayMs(watcher.announcedSequence, last);
      await (delayMs === undefined ? watcher.next() : Promise.race([watcher.next(), sleep(delayMs)]));
    }
  } finally {
    watcher.close();
  }
}

/** The highest announced event, which reads may not return yet. */
class AnnouncedEvent {
  private sequence = 0;
  private soonUntil = 0;

  /** @param last the sequence of the last event that was read; undefined is returned if that is the announced one or later */
  retryDelayMs(announced: number, last: number): number | undefined {
    if (last >= announced) return undefined;
    if (announced > this.sequence) {
      this.sequence = announced;
      this.soonUntil = performance.now() + SOON_FOR_MS;
    }
    return performance.now() < this.soonUntil ? SOON_MS : LATER_MS;
  }
}

/** Reads the session, which may have changed once more. */
async function readSession(events: EventStore, sessionId: string, caller: RequestContext): Promise<Session> {
  const { session } = await withRetry(caller, (context) => events.readPage(sessionId, NO_EVENTS, context));
  return session;
}

/** Retries a read while the store is unavailable, so that a watch survives an election. */
async function withRetry<Result>(
  caller: RequestContext,
  read: (context: RequestContext) => Promise<Result>,
): Promise<Result> {
  const giveUpAt = Date.now() + MAX_OUTAGE_MS;
  for (;;) {
    caller.throwIfEnded();
    try {
      return await read(new RequestContext(Date.now() + READ_TIMEOUT_MS));
    } catch (error) {
      const isTransient =
        error instanceof ConversationError &&
        (error.reason === 'STORE_UNAVAILABLE' || error.reason === 'DEADLINE_EXCEEDED');
      if (!isTransient || Date.now() > giveUpAt) throw error;
      await sleep(RETRY_MS);
    }
  }
}
