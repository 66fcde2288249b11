import type { StoreObserver } from '../../../core/store-observer';
import { Batcher } from '../batcher';
import type { MongoConnection } from '../connection';
import { newEventDocument } from '../documents/event-document';
import type { EventDocument } from '../documents/schema';
import { withQueryTimeout } from '../query-timeout';
import type { PlannedEvent } from './plan-batch';

/** The most events, and bytes of payload, in one bulk write. */
const MAX_EVENTS = 1000;
const MAX_BYTES = 8 * 1024 * 1024;

/** The outcome of one session's batch. */
export interface InsertResult {
  /** How many events, from the first on, are stored. */
  readonly stored: number;
  /** Whether the next event's sequence or event id was taken already. Events after it are not stored either. */
  readonly conflict: boolean;
}

/** One session's batch as documents, in order. */
type Documents = readonly EventDocument[];

/**
 * Combines the batches of many sessions into bulk writes.
 *
 * Batches of one event share an unordered write, in which no failure affects another session.
 * Larger batches share an ordered one: it stops at the first failure, so that what is stored of
 * each batch is a prefix.
 */
export class EventInserter {
  private readonly unordered: Batcher<Documents, InsertResult>;
  private readonly ordered: Batcher<Documents, InsertResult>;

  constructor(
    private readonly connection: MongoConnection,
    private readonly observer: StoreObserver,
  ) {
    this.unordered = new Batcher((batches) => this.write(batches, false), weightOf);
    this.ordered = new Batcher((batches) => this.write(batches, true), weightOf);
  }

  /**
   * Rejects where the outcome is unknown.
   *
   * @param alone whether to skip the queue for a shared write: waiting there loses the race against another server
   */
  async insert(
    batch: readonly PlannedEvent[],
    { alone }: { readonly alone: boolean },
  ): Promise<InsertResult> {
    const documents = batch.map(({ append, event }) => newEventDocument(append.rowId, event));
    if (!alone) return (documents.length === 1 ? this.unordered : this.ordered).load(documents);
    const [result] = await this.write([documents], true);
    return result ?? { stored: 0, conflict: false };
  }

  private async write(batches: readonly Documents[], ordered: boolean): Promise<InsertResult[]> {
    const { writer } = this.connection.database;
    const conflicts = await withQueryTimeout(writer.insertEvents(batches.flat(), ordered));
    const results = resultsOf(batches, conflicts, ordered);
    this.observer.committed(results.reduce((sum, { stored }) => sum + stored, 0));
    return results;
  }
}

function weightOf(documents: Documents): number {
  const bytes = documents.reduce((sum, { payload }) => sum + payload.length, 0);
  return Math.max(documents.length / MAX_EVENTS, bytes / MAX_BYTES);
}

/**
 * Splits the outcome of one write into the results of its batches.
 *
 * @param conflicts indexes among the documents of all batches
 * @param ordered whether the write stopped at the first conflict
 */
export function resultsOf(
  batches: readonly (readonly unknown[])[],
  conflicts: readonly number[],
  ordered: boolean,
): InsertResult[] {
  const failed = new Set(conflicts);
  let index = 0;
  let stopped = false;
  return batches.map((batch) => {
    if (stopped) return { stored: 0, conflict: false };
    const stored = batch.findIndex((_, offset) => failed.has(index + offset));
    index += batch.length;
    stopped = ordered && stored >= 0;
    return stored < 0 ? { stored: batch.length, conflict: false } : { stored, conflict: true };
  });
}
