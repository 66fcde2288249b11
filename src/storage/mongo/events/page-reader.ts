import { type Event, eventSize } from '../../../core/event';
import { LIMITS } from '../../../core/limits';
import type { PageRange } from '../../../core/store';
import { Batcher } from '../batcher';
import type { MongoConnection } from '../connection';
import { readEvents, type StoredEvent } from '../documents/stored-event';
import { MAXIMUM_GROWTH } from '../documents/struct-bson/struct-to-bson';
import { withQueryTimeout } from '../query-timeout';
import { findRows, inRange } from './find-rows';
import { groupBySession } from './group-by-session';
import { joinPages, lastOf, type Page, pageOf, restOf, startOf } from './page';
import type { RowSizes } from './row-sizes';

/** The most events in one query: as many as in the longest page. */
const MAX_BATCH_EVENTS = 1000;

/** The most bytes that a query for several callers is expected to return. */
const MAX_BATCH_BYTES = 4 * 1024 * 1024;

/** MongoDB ends a reply at 16 MiB, before the first document that does not fit. One with room for any row is complete. */
const MAX_REPLY_BYTES = 16 * 1024 * 1024;
const MAX_ROW_BYTES = Math.ceil(LIMITS.payloadBytes * MAXIMUM_GROWTH) + 64 * 1024;
const COMPLETE_REPLY_BYTES = MAX_REPLY_BYTES - MAX_ROW_BYTES;

/** How many times as many events the next part of a page may have as the parts before it. */
const MAX_GROWTH = 8;

interface PageRequest {
  readonly sessionId: string;
  readonly range: PageRange;
  /** How many events to read, from the start of the range; undefined: as many as are expected to fit into the page. */
  readonly count?: number;
}

/** A range that is read by one query. */
interface Part {
  readonly sessionId: string;
  readonly range: PageRange;
}

interface FoundEvents {
  /** By session, each in the order of the sequences. */
  readonly events: ReadonlyMap<string, readonly StoredEvent[]>;
  readonly isComplete: boolean;
}

/**
 * Reads pages of logs. A page is a range of sequences, so it costs the same anywhere in the log. A
 * range that is expected to have more bytes than the page may is read part by part. Batches the
 * reads of many callers into one query.
 */
export class PageReader {
  private readonly batcher: Batcher<PageRequest, Page | undefined>;

  constructor(
    private readonly connection: MongoConnection,
    private readonly sizes: RowSizes,
  ) {
    this.batcher = new Batcher(
      (requests) => withQueryTimeout(this.readAll(requests)),
      (request) => {
        const { limit } = this.partOf(request).range;
        const bytes = sizes.expectedBytes(request.sessionId, limit);
        return Math.max(limit / MAX_BATCH_EVENTS, bytes / MAX_BATCH_BYTES);
      },
      ({ sessionId, range, count }) => JSON.stringify([sessionId, range, count]),
    );
  }

  async read(sessionId: string, range: PageRange): Promise<Page> {
    const page = await this.readPart({ sessionId, range });
    return page.end === 'range' && !isWhole(page, range) ? this.readOn(sessionId, range, page) : page;
  }

  /** Adds parts to a page until it is full, or the range or the log ends. */
  private async readOn(sessionId: string, range: PageRange, start: Page): Promise<Page> {
    let page = start;
    let bytes = sizeOf(start.events);
    while (page.end === 'range' && !isWhole(page, range)) {
      const count = page.events.length;
      const maximumBytes = range.maximumBytes - bytes;
      const fitting = Math.floor((maximumBytes * count) / bytes);
      if (fitting <= 0) return { ...page, end: 'limit' };
      const rest = { ...restOf(range, page.examinedTo), maximumBytes };
      const part = await this.readPart({
        sessionId,
        range: rest,
        count: Math.min(fitting, count * MAX_GROWTH),
      });
      page = joinPages(page, part, rest);
      bytes += sizeOf(part.events);
    }
    return page;
  }

  private async readPart(request: PageRequest): Promise<Page> {
    const page = await this.batcher.load(request);
    if (page !== undefined) return page;
    // By now the size of the rows is known.
    const part = this.partOf({ sessionId: request.sessionId, range: request.range });
    return toPage(part, await withQueryTimeout(this.find([part])));
  }

  /** Returns undefined for each page if they are together too long for one reply. */
  private async readAll(requests: readonly PageRequest[]): Promise<(Page | undefined)[]> {
    const parts = requests.map((request) => this.partOf(request));
    const found = await this.find(parts);
    return parts.map((part) => (found.isComplete || parts.length === 1 ? toPage(part, found) : undefined));
  }

  private partOf({ sessionId, range, count }: PageRequest): Part {
    return { sessionId, range: startOf(range, count ?? this.sizes.rowsIn(sessionId, range.maximumBytes)) };
  }

  private async find(parts: readonly Part[]): Promise<FoundEvents> {
    const branches = parts.map(({ sessionId, range }) => ({ sessionId, sequence: inRange(range) }));
    const [first] = parts;
    // A reply that is too long then lacks the end of the page.
    const sort = { sequence: first?.range.newestFirst === true ? -1 : 1 };
    const rows = await findRows(this.connection, {
      ...(branches.length === 1 ? { filter: branches[0] ?? {}, sort } : { filter: { $or: branches } }),
      // Twice the events, so that rows with the same sequence displace no others.
      limit: 2 * parts.reduce((sum, { range }) => sum + range.limit, 0),
    });
    // The server may return the branches in any order.
    const events = groupBySession(readEvents(rows).sort((a, b) => a.sequence - b.sequence));
    for (const [sessionId, group] of events) this.sizes.learn(sessionId, group);
    const bytes = rows.reduce((sum, { length }) => sum + length, 0);
    return { events, isComplete: bytes <= COMPLETE_REPLY_BYTES };
  }
}

/** Returns the page of a part. If its events were too long for one reply, it covers those that were found. */
function toPage({ sessionId, range }: Part, { events, isComplete }: FoundEvents): Page {
  const page = pageOf(inOrder(events.get(sessionId) ?? [], range), range);
  return !isComplete && page.end === 'gap' && page.events.length > 0 ? { ...page, end: 'range' } : page;
}

/** Whether the page covers the range, and not only a part of it. */
function isWhole({ examinedTo }: Page, range: PageRange): boolean {
  return examinedTo === lastOf(range);
}

/** The events of a range, in its order. @param found events of the session by sequence; those of other ranges too */
function inOrder(found: readonly StoredEvent[], { afterSequence, limit, newestFirst }: PageRange): Event[] {
  const inRange = found.slice(countUpTo(found, afterSequence), countUpTo(found, afterSequence + limit));
  return newestFirst === true ? inRange.reverse() : inRange;
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

function sizeOf(events: readonly Event[]): number {
  return events.reduce((sum, event) => sum + eventSize(event), 0);
}
