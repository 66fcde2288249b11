import type { Event } from '../../../core/event';
import type { LogHead } from './log-heads';
import type { PendingAppend } from './pending-append';

/** The most events, and bytes of payload, in one batch. */
const MAX_EVENTS = 1000;
const MAX_BYTES = 4 * 1024 * 1024;

/** An append, the event to store for it, and later appends of the same event id. */
export interface PlannedEvent {
  readonly append: PendingAppend;
  readonly event: Event;
  readonly duplicates: PendingAppend[];
}

/**
 * Plans a session's next batch: the first pending appends, with their places right after the head.
 * Each event id occurs once. The batch ends at its limits, and before an append that expects
 * another sequence than the one before its place; so it is empty if the first one does.
 *
 * @param now in milliseconds since the epoch; events get this time, or the head's if that is later
 */
export function planBatch(
  sessionId: string,
  pending: readonly PendingAppend[],
  head: Pick<LogHead, 'sequence' | 'timestamp'>,
  now: number,
): PlannedEvent[] {
  const timestamp = new Date(Math.max(now, head.timestamp));
  const batch = new Map<string, PlannedEvent>();
  let bytes = 0;
  for (const append of pending) {
    const { eventId, type, payload, expectedSequence } = append.event;
    const first = batch.get(eventId);
    if (first !== undefined) {
      first.duplicates.push(append);
      continue;
    }
    const last = head.sequence + batch.size;
    bytes += payload.bytes.length;
    if (batch.size === MAX_EVENTS || (batch.size > 0 && bytes > MAX_BYTES)) break;
    if (expectedSequence !== undefined && expectedSequence !== last) break;
    const rowId = append.rowId.id;
    const event = { rowId, eventId, sessionId, sequence: last + 1, type, payload, timestamp };
    batch.set(eventId, { append, event, duplicates: [] });
  }
  return [...batch.values()];
}
