import type { Event } from '../../core/event';
import type { PageRange } from '../../core/session-repository';
import type { Database } from './connection';
import { eventSize } from './documents';
import { readRows } from './event-rows';
import { ASK_MS } from './time-limit';

export interface EventsRead {
  readonly events: Event[];
  /** Whether the page ended because of its bytes. */
  readonly cut: boolean;
}

/** Reads a range of a log: a range of sequences, so that it costs the same wherever it lies. */
export async function readEvents(
  { db, events: { collectionName } }: Database,
  sessionId: string,
  range: PageRange,
): Promise<EventsRead> {
  const { afterSequence, limit, maximumBytes } = range;
  const find = {
    find: collectionName,
    filter: { sessionId, sequence: { $gt: afterSequence, $lte: afterSequence + limit } },
    sort: { sequence: 1 },
    limit,
    batchSize: limit,
    // The server ends a batch at 16 MiB, and with it this page: it is longer than one may be by then.
    singleBatch: true,
    maxTimeMS: ASK_MS,
    readConcern: { level: 'majority' },
  };
  const { cursor } = await db.command(find, { raw: true });
  if (!Buffer.isBuffer(cursor)) throw new Error('a reply to find was not left as bytes');
  const events = readRows(cursor);
  let bytes = 0;
  const end = events.findIndex((event, index) => {
    bytes += eventSize(event);
    return index > 0 && bytes > maximumBytes;
  });
  return end < 0 ? { events, cut: false } : { events: events.slice(0, end), cut: true };
}
