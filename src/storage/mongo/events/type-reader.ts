import { type Event, eventSize } from '../../../core/event';
import type { PageRange } from '../../../core/store';
import type { MongoConnection } from '../connection';
import { isCounter, isString, type Unchecked } from '../documents/check-row';
import { readEvents } from '../documents/stored-event';
import { BY_SEQUENCE } from '../documents/schema';
import { QUERY_TIMEOUT_MS, withQueryTimeout } from '../query-timeout';
import { findRows, inRange } from './find-rows';
import { emptyPage, lastOf, type Page, startOf, withoutGaps } from './page';
import type { RowSizes } from './row-sizes';

/** The most rows that one read examines, and the most bytes that the database is expected to read for it. */
const MAX_EXAMINED_ROWS = 1000;
const MAX_EXAMINED_BYTES = 32 * 1024 * 1024;

/** What a row is, without its content. */
interface Outline {
  readonly sequence: number;
  readonly type: string;
  readonly rowBytes: number;
}

/**
 * Reads the events of some types: first the types and sizes of a range's rows, which also show
 * whether an event is missing, then only the rows that match.
 */
export class TypeReader {
  constructor(
    private readonly connection: MongoConnection,
    private readonly sizes: RowSizes,
  ) {}

  /** Covers only the first part of a long range. */
  async read(sessionId: string, range: PageRange, types: readonly string[]): Promise<Page> {
    const rows = this.sizes.rowsIn(sessionId, MAX_EXAMINED_BYTES);
    const part = startOf(range, Math.min(rows, MAX_EXAMINED_ROWS));
    const outlines = withoutGaps(await withQueryTimeout(this.findOutlines(sessionId, part)), part);
    const [first] = outlines;
    if (first === undefined) return emptyPage(part);
    this.sizes.learn(sessionId, outlines);
    const matches = ({ type }: Outline): boolean => types.includes(type);
    const fitting = outlines.slice(0, countFitting(outlines, matches, range));
    const found = await withQueryTimeout(this.findEvents(sessionId, fitting.filter(matches)));
    const unreadable = fitting.findIndex((outline) => matches(outline) && !found.has(outline.sequence));
    const readable = unreadable < 0 ? fitting : fitting.slice(0, unreadable);
    const covered = readable.slice(0, countWithin(readable, found, range.maximumBytes));
    const examinedTo = covered.at(-1)?.sequence ?? first.sequence - (range.newestFirst === true ? -1 : 1);
    return {
      events: covered.flatMap(({ sequence }) => found.get(sequence) ?? []),
      first: first.sequence,
      examinedTo,
      end:
        covered.length < unreadable ||
        (unreadable < 0 && (covered.length < outlines.length || examinedTo === lastOf(part)))
          ? 'limit'
          : 'gap',
    };
  }

  /** Returns the outlines of the range's rows, in its order, except for rows that cannot be read. */
  private async findOutlines(sessionId: string, range: PageRange): Promise<Outline[]> {
    const { database, integrity } = this.connection;
    // Twice the rows, so that rows with the same sequence displace no others.
    const limit = 2 * range.limit;
    const rows = await database.events
      .find<Unchecked<Outline>>(
        { sessionId, sequence: inRange(range) },
        {
          projection: { _id: 0, sequence: 1, type: 1, rowBytes: { $bsonSize: '$$ROOT' } },
          sort: { sequence: range.newestFirst === true ? -1 : 1 },
          ...{ limit, batchSize: limit, singleBatch: true, maxTimeMS: QUERY_TIMEOUT_MS },
          ...integrity.hint(BY_SEQUENCE),
        },
      )
      .toArray();
    return rows.filter(isOutline);
  }

  /** Returns the events, by sequence, except for rows that cannot be read. */
  private async findEvents(
    sessionId: string,
    outlines: readonly Outline[],
  ): Promise<ReadonlyMap<number, Event>> {
    if (outlines.length === 0) return new Map();
    const filter = { sessionId, sequence: { $in: outlines.map(({ sequence }) => sequence) } };
    const rows = await findRows(this.connection, { filter, limit: outlines.length });
    return new Map(readEvents(rows).map((event) => [event.sequence, event]));
  }
}

function isOutline(row: Unchecked<Outline>): row is Outline {
  return isCounter(row.sequence) && isString(row.type) && isCounter(row.rowBytes);
}

/** Returns how many of the rows a page can cover until the events that match reach its limits. */
function countFitting(
  outlines: readonly Outline[],
  matches: (outline: Outline) => boolean,
  { maximumEvents = Infinity, maximumBytes }: PageRange,
): number {
  let count = 0;
  let bytes = 0;
  const end = outlines.findIndex((outline) => {
    if (!matches(outline)) return false;
    count += 1;
    bytes += outline.rowBytes;
    return count > maximumEvents || (count > 1 && bytes > maximumBytes);
  });
  return end < 0 ? outlines.length : end;
}

/** Returns how many of the rows a page can cover by the sizes of its events: those of their rows may be smaller. */
function countWithin(
  rows: readonly Outline[],
  found: ReadonlyMap<number, Event>,
  maximumBytes: number,
): number {
  let bytes = 0;
  let count = 0;
  const end = rows.findIndex(({ sequence }) => {
    const event = found.get(sequence);
    if (event === undefined) return false;
    count += 1;
    bytes += eventSize(event);
    return count > 1 && bytes > maximumBytes;
  });
  return end < 0 ? rows.length : end;
}
