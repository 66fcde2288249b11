import { type Event, eventSize } from '../../../core/event';
import type { PageRange } from '../../../core/store';
import { groupBySession } from './group-by-session';
import type { MongoConnection } from '../connection';
import { decodeEvents } from '../documents/event-decoder';
import { Batcher } from '../batcher';
import { BY_SEQUENCE } from '../documents/schema';
import { QUERY_TIMEOUT_MS, withQueryTimeout } from '../query-timeout';

/** The maximum number of events in one query: as many as in the longest page. */
const MAX_BATCH_EVENTS = 1000;

/** MongoDB truncates replies at 16 MiB. A reply longer than this may lack documents. */
const COMPLETE_REPLY_BYTES = 14 * 1024 * 1024;

export interface Page {
  /**
   * From the start of the range on, or newest first from the last event found, without gaps: they
   * end before an event that is missing, cannot be read, or shares its sequence with another.
   */
  readonly events: readonly Event[];
  /** Whether the page ended at its maximum size. */
  readonly cut: boolean;
}

/** The reply to a `find` whose documents are left as they are. */
interface FindReply {
  readonly cursor?: { readonly firstBatch: readonly Buffer[] };
}

interface PageRequest {
  readonly sessionId: string;
  readonly range: PageRange;
}

/** Reads pages of logs. Batches the reads of many callers into one query. A page is a range of sequences, so it costs the same anywhere in the log. */
export class PageReader {
  private readonly batcher: Batcher<PageRequest, Page>;

  constructor(private readonly connection: MongoConnection) {
    this.batcher = new Batcher(
      (requests) => withQueryTimeout(this.readAll(requests)),
      ({ range }) => range.limit / MAX_BATCH_EVENTS,
      ({ sessionId, range }) => JSON.stringify([sessionId, range]),
    );
  }

  read(sessionId: string, range: PageRange): Promise<Page> {
    return this.batcher.load({ sessionId, range });
  }

  private async readAll(requests: readonly PageRequest[]): Promise<Page[]> {
    const reply = await this.find(requests);
    // Read the pages separately. A single page of this length is over its maximum size, so it ends before the missing documents.
    const length = reply.reduce((sum, row) => sum + row.length, 0);
    if (length > COMPLETE_REPLY_BYTES && requests.length > 1)
      return (await Promise.all(requests.map((request) => this.readAll([request])))).flat();
    // The server may return the branches in any order.
    const found = groupBySession(decodeEvents(reply).sort((a, b) => a.sequence - b.sequence));
    return requests.map(({ sessionId, range }) => pageOf(found.get(sessionId) ?? [], range));
  }

  /** Returns the rows as BSON. */
  private async find(requests: readonly PageRequest[]): Promise<readonly Buffer[]> {
    const { database, integrity } = this.connection;
    const { db, events } = database;
    // Twice the events, so that rows with the same sequence displace no others.
    const limit = 2 * requests.reduce((sum, { range }) => sum + range.limit, 0);
    const branches = requests.map(({ sessionId, range: { afterSequence, limit } }) => ({
      sessionId,
      sequence: { $gt: afterSequence, $lte: afterSequence + limit },
    }));
    const find = {
      find: events.collectionName,
      filter: branches.length === 1 ? branches[0] : { $or: branches },
      ...integrity.hint(BY_SEQUENCE),
      // A reply that is too long then lacks the end of the page.
      ...(requests.length === 1 && requests[0]?.range.newestFirst === true ? { sort: { sequence: -1 } } : {}),
      limit,
      batchSize: limit,
      singleBatch: true,
      maxTimeMS: QUERY_TIMEOUT_MS,
      readConcern: { level: 'majority' },
    };
    // Not `raw: true`: the driver would record undecoded parts of an error reply as the server's state.
    const { cursor }: FindReply = await db.command(find, { fieldsAsRaw: { firstBatch: true } });
    if (cursor === undefined) throw new Error('the reply to find has no cursor');
    return cursor.firstBatch;
  }
}

function pageOf(
  found: readonly Event[],
  { afterSequence, limit, maximumBytes, newestFirst }: PageRange,
): Page {
  const inRange = found.slice(countUpTo(found, afterSequence), countUpTo(found, afterSequence + limit));
  const events =
    newestFirst === true ? withoutGaps(inRange.reverse(), -1) : withoutGaps(inRange, 1, afterSequence + 1);
  let bytes = 0;
  const end = events.findIndex((event, index) => {
    bytes += eventSize(event);
    return index > 0 && bytes > maximumBytes;
  });
  return end < 0 ? { events, cut: false } : { events: events.slice(0, end), cut: true };
}

/** Returns the events before the first gap, or before the first sequence that occurs twice. */
function withoutGaps(
  events: readonly Event[],
  step: 1 | -1,
  first = events[0]?.sequence ?? 0,
): readonly Event[] {
  const end = events.findIndex(
    ({ sequence }, index) => sequence !== first + index * step || events[index + 1]?.sequence === sequence,
  );
  return end < 0 ? events : events.slice(0, end);
}

/** Returns how many of the sorted events have a sequence up to this one, by binary search. */
function countUpTo(events: readonly Event[], sequence: number): number {
  let [low, high] = [0, events.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((events[middle]?.sequence ?? Infinity) <= sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}
