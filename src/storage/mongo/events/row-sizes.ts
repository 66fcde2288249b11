import { BoundedMap } from '../../bounded-map';

/** The most sessions whose row sizes are known; those read longest ago are forgotten first. */
const CAPACITY = 10_000;

/** The most rows to read first of a session whose row size is unknown. */
const FIRST_ROWS = 100;

/** How many rows a mean counts for when others are added: large rows among small ones change it little. */
const WEIGHT = 100;

/**
 * The mean size of the rows that were read, of each session and of all. MongoDB limits a reply by
 * rows, not by bytes, so a query asks for as many rows as are expected to fit.
 */
export class RowSizes {
  private readonly means = new BoundedMap<number>(CAPACITY);
  private overall: number | undefined;

  /** @param rows at least one */
  learn(sessionId: string, rows: readonly { readonly rowBytes: number }[]): void {
    let bytes = 0;
    for (const { rowBytes } of rows) bytes += rowBytes;
    this.means.set(sessionId, withRows(this.means.get(sessionId), bytes, rows.length));
    this.overall = withRows(this.overall, bytes, rows.length);
  }

  /** Returns how many bytes this many rows are expected to have; 0 before anything was read. */
  expectedBytes(sessionId: string, rows: number): number {
    return (this.means.get(sessionId) ?? this.overall ?? 0) * rows;
  }

  /** Returns how many rows are expected to have this many bytes, at least one. */
  rowsIn(sessionId: string, bytes: number): number {
    const mean = this.means.get(sessionId);
    const rows = Math.max(1, Math.floor(bytes / (mean ?? this.overall ?? 1)));
    return mean === undefined ? Math.min(FIRST_ROWS, rows) : rows;
  }
}

/** Returns the mean with further rows. */
function withRows(mean: number | undefined, bytes: number, rows: number): number {
  return mean === undefined ? bytes / rows : (mean * WEIGHT + bytes) / (WEIGHT + rows);
}
