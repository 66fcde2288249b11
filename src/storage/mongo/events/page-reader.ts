import { type Event, eventSize } from '../../../core/event';
import type { PageRange } from '../../../core/store';
import { bySession } from './group-by-session';
import type { MongoConnection } from '../connection';
import { decodeEvents } from '../documents/event-decoder';
import { Batcher } from '../batcher';
import { BY_SEQUENCE } from '../documents/schema';
import { QUERY_TIMEOUT_MS, withQueryTimeout } from '../query-timeout';

/** Events in one question at most: as many as in the longest page. */
const GROUP_EVENTS = 1000;

/** MongoDB ends a reply before it would pass 16 MiB; one that is longer than this may lack rows. */
const WHOLE_BYTES = 14 * 1024 * 1024;

export interface Page {
  readonly events: readonly Event[];
  /** Whether the page ended because of its bytes. */
  readonly cut: boolean;
}

interface Sought {
  readonly sessionId: string;
  readonly range: PageRange;
}

/** Reads pages of logs, those of many callers in one question. A page is a range of sequences, and costs the same wherever it lies. */
export class PageReader {
  private readonly pages: Batcher<Sought, Page>;

  constructor(private readonly connection: MongoConnection) {
    this.pages = new Batcher(
      (sought) => withQueryTimeout(this.readAll(sought)),
      ({ range }) => range.limit / GROUP_EVENTS,
      ({ sessionId, range }) => JSON.stringify([sessionId, range]),
    );
  }

  read(sessionId: string, range: PageRange): Promise<Page> {
    return this.pages.load({ sessionId, range });
  }

  private async readAll(sought: readonly Sought[]): Promise<Page[]> {
    const reply = await this.find(sought);
    // A page alone is longer than it may be by then.
    if (reply.length > WHOLE_BYTES && sought.length > 1)
      return (await Promise.all(sought.map((one) => this.readAll([one])))).flat();
    // The server may put the branches in any order.
    const found = bySession(decodeEvents(reply).sort((a, b) => a.sequence - b.sequence));
    return sought.map(({ sessionId, range }) => pageOf(found.get(sessionId) ?? [], range));
  }

  private async find(sought: readonly Sought[]): Promise<Buffer> {
    const { db, events } = this.connection.database;
    const limit = sought.reduce((sum, { range }) => sum + range.limit, 0);
    const branches = sought.map(({ sessionId, range: { afterSequence, limit } }) => ({
      sessionId,
      sequence: { $gt: afterSequence, $lte: afterSequence + limit },
    }));
    const find = {
      find: events.collectionName,
      filter: branches.length === 1 ? branches[0] : { $or: branches },
      hint: BY_SEQUENCE,
      limit,
      batchSize: limit,
      singleBatch: true,
      maxTimeMS: QUERY_TIMEOUT_MS,
      readConcern: { level: 'majority' },
    };
    const { cursor } = await db.command(find, { raw: true });
    if (!Buffer.isBuffer(cursor)) throw new Error('a reply to find was not left as bytes');
    return cursor;
  }
}

function pageOf(
  found: readonly Event[],
  { afterSequence, limit, maximumBytes, newestFirst }: PageRange,
): Page {
  const start = countUpTo(found, afterSequence);
  const events = found.slice(
    start,
    start + countUpTo(found.slice(start, start + limit), afterSequence + limit),
  );
  if (newestFirst === true) events.reverse();
  let bytes = 0;
  const end = events.findIndex((event, index) => {
    bytes += eventSize(event);
    return index > 0 && bytes > maximumBytes;
  });
  return end < 0 ? { events, cut: false } : { events: events.slice(0, end), cut: true };
}

/** How many events, which are in order, have a sequence up to this one: pages of one log share a reply. */
function countUpTo(events: readonly Event[], sequence: number): number {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((events[middle]?.sequence ?? Infinity) <= sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}
