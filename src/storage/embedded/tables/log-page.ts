import type { Database } from 'lmdb';
import type { Event } from '../../../core/event';
import type { PageRange } from '../../../core/store';
import { UnreadableRowError } from '../../../core/unreadable-row';
import { messageBytesOf } from './event-row';
import { eventKey, type LogKey } from './keys';
import type { LogRows } from './log-rows';

/** What one slice reads at most, apart from its last event. It takes a few milliseconds, in which nothing else runs. */
const SLICE_ROWS = 500;
const SLICE_BYTES = 512 * 1024;

/** A page of a log, read in slices. It ends before an event that cannot be read. */
export class LogPage {
  readonly events: Event[] = [];
  isComplete: boolean;
  private readonly start: number;
  /** Exclusive. */
  private readonly end: number;
  private readonly step: 1 | -1;
  private next: number;
  private bytes = 0;

  /** @param eventCount the sequence of the log's last event */
  constructor(
    readonly sessionId: string,
    private readonly range: PageRange,
    eventCount: number,
  ) {
    const first = range.afterSequence + 1;
    const last = Math.min(range.afterSequence + range.limit, eventCount);
    [this.start, this.end, this.step] =
      range.newestFirst === true ? [last, first - 1, -1] : [first, last + 1, 1];
    this.next = this.start;
    this.isComplete = first > last;
  }

  /** The last sequence that was examined; if there was none, the one before the first of the range, in its order. */
  get examinedTo(): number {
    return this.next - this.step;
  }

  /**
   * Reads on.
   *
   * @param table of the events
   * @throws UnreadableRowError if the page begins with an event that cannot be read
   */
  readSlice(table: Database<Buffer, LogKey>, rows: LogRows): void {
    if (this.isComplete) return;
    try {
      this.isComplete = this.readRows(table, rows);
    } catch (error) {
      if (this.next === this.start || !(error instanceof UnreadableRowError)) throw error;
      this.isComplete = true;
    }
  }

  /** Returns whether the page is complete. */
  private readRows(table: Database<Buffer, LogKey>, rows: LogRows): boolean {
    const { types, maximumEvents = Infinity, maximumBytes } = this.range;
    let rowsLeft = SLICE_ROWS;
    let bytesLeft = SLICE_BYTES;
    for (const { key, value } of table.getRange(this.rest())) {
      if (this.events.length === maximumEvents) return true;
      if (rowsLeft === 0 || bytesLeft < 0) return false;
      const row = rows.check(this.next, key === this.next ? value : undefined);
      rowsLeft -= 1;
      bytesLeft -= row.length;
      if (types === undefined || types.includes(rows.type(this.next, row))) {
        const size = messageBytesOf(row);
        if (this.events.length > 0 && this.bytes + size > maximumBytes) return true;
        this.bytes += size;
        bytesLeft -= size;
        this.events.push(rows.event(this.next, row));
      }
      this.next += this.step;
    }
    if (this.next === this.start) rows.check(this.next, undefined);
    return true;
  }

  /** LMDB's range of what is left: it includes the start and excludes the end. */
  private rest(): { start: Buffer; end: Buffer; reverse: boolean } {
    const { sessionId, next, end, step } = this;
    return { start: eventKey(sessionId, next), end: eventKey(sessionId, end), reverse: step < 0 };
  }
}
