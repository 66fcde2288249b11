import type { mongo } from 'mongoose';
import type { Event } from '../../core/event';
import type { PageRange } from '../../core/session-repository';
import { eventSize, toEvent } from './documents';
import type { EventDocument } from './schemas';
import { ASK_MS } from './time-limit';

export interface EventsRead {
  readonly events: Event[];
  /** Whether the page ended because of its bytes. */
  readonly cut: boolean;
}

/** Reads a range of a log: a range of sequences, so that it costs the same wherever it lies. */
export async function readEvents(
  collection: mongo.Collection<EventDocument>,
  sessionId: string,
  range: PageRange,
): Promise<EventsRead> {
  const { afterSequence, limit, maximumBytes } = range;
  const sequence = { $gt: afterSequence, $lte: afterSequence + limit };
  const cursor = collection.find(
    { sessionId, sequence },
    { sort: { sequence: 1 }, batchSize: limit + 1, maxTimeMS: ASK_MS },
  );
  const events: Event[] = [];
  let bytes = 0;
  for await (const document of cursor) {
    bytes += eventSize(document);
    if (events.length > 0 && bytes > maximumBytes) return { events, cut: true };
    events.push(toEvent(document));
  }
  return { events, cut: false };
}
