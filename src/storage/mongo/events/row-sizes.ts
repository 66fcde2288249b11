import { BoundedMap } from '../../bounded-map';

/** The most sessions whose row sizes are known; those read longest ago are forgotten first. */
const CAPACITY = 10_000;

/** The most rows to read first of a session whose row size is unknown. */
const FIRST_ROWS = 100;

/** How many rows a mean counts for when others are added: large rows among small ones change it little. */
const WEIGHT = 100;

interface Sizes {
  readonly mean: number;
  /** The mean of the rows that were read last. */
  readonly lastMean: number;
}

/**
 * The sizes of the rows that were read, of each session and of all. MongoDB limits a reply by rows,
 * not by bytes, so a query asks for as many rows as are expected to fit: not more than either mean
 * allows, since a log may have begun with smaller rows.
 */
export class RowSizes {
  private readonly bySession = new BoundedMap<Sizes>(CAPACITY);
  private overall: Sizes | undefined;

  /** @param rows at least one */
  learn(sessionId: string, rows: readonly { readonly rowBytes: number }[]): void {
    let bytes = 0;
    for (const { rowBytes } of rows) bytes += rowBytes;
    this.bySession.set(sessionId, withRows(this.bySession.get(sessionId), bytes, rows.length));
    this.overall = withRows(this.overall, bytes, rows.length);
  }

  /** Returns how many bytes this many rows are expected to have; 0 before anything was read. */
  expectedBytes(sessionId: string, rows: number): number {
    return this.expectedSize(sessionId) * rows;
  }

  /** Returns how many rows are expected to have this many bytes, at least one. */
  rowsIn(sessionId: string, bytes: number): number {
    const rows = Math.max(1, Math.floor(bytes / Math.max(this.expectedSize(sessionId), 1)));
    return this.bySession.get(sessionId) === undefined ? Math.min(FIRST_ROWS, rows) : rows;
  }

  private expectedSize(sessionId: string): number {
    const { mean, lastMean } = this.bySession.get(sessionId) ?? this.overall ?? { mean: 0, lastMean: 0 };
    return Math.max(mean, lastMean);
  }
}

/** Returns the sizes with further rows. */
function withRows(sizes: Sizes | undefined, bytes: number, rows: number): Sizes {
  const lastMean = bytes / rows;
  const mean = sizes === undefined ? lastMean : (sizes.mean * WEIGHT + bytes) / (WEIGHT + rows);
  return { mean, lastMean };
}
