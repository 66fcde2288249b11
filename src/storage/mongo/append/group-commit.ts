import type { StoreObserver } from '../../../core/store-observer';
import type { MongoConnection } from '../connection';
import { Batcher } from '../batcher';
import { insertEvents, type InsertResult } from './insert-batch';
import type { EventDocument } from '../documents/schema';

/** Events and bytes of payload in one write at most. */
const GROUP_EVENTS = 1000;
const GROUP_BYTES = 8 * 1024 * 1024;

/** One session's documents, in order. */
type Run = readonly EventDocument[];

/**
 * Puts the writes of many sessions together.
 *
 * Sessions with one event each share an unordered write, in which one's failure
 * is nobody else's. Those with several share an ordered one: it stops at the
 * first failure, so that each session's part is a prefix.
 */
export class EventInserter {
  private readonly singles: Batcher<Run, InsertResult>;
  private readonly several: Batcher<Run, InsertResult>;

  constructor(
    private readonly connection: MongoConnection,
    private readonly observer: StoreObserver,
  ) {
    const writes = (ordered: boolean): Batcher<Run, InsertResult> =>
      new Batcher((runs) => this.write(runs, ordered), shareOf);
    this.singles = writes(false);
    this.several = writes(true);
  }

  /** @param alone in a write of its own: where another server writes too, waiting for others loses the race */
  async insert(documents: Run, alone: boolean): Promise<InsertResult> {
    if (alone) {
      const [outcome] = await this.write([documents], true);
      return outcome ?? { stored: 0, conflict: false };
    }
    return (documents.length === 1 ? this.singles : this.several).load(documents);
  }

  private async write(runs: readonly Run[], ordered: boolean): Promise<InsertResult[]> {
    const outcomes = await insertEvents(this.connection.database.events, runs, ordered);
    this.observer.committed(outcomes.reduce((sum, { stored }) => sum + stored, 0));
    return outcomes;
  }
}

function shareOf(documents: Run): number {
  const bytes = documents.reduce((sum, { payload }) => sum + payload.length, 0);
  return Math.max(documents.length / GROUP_EVENTS, bytes / GROUP_BYTES);
}
