import type { MongoConnection } from './connection';
import { insertEvents, type InsertOutcome } from './insert-events';
import type { EventDocument } from './schemas';

/** Events and bytes of payload in one write at most. */
const GROUP_EVENTS = 1000;
const GROUP_BYTES = 8 * 1024 * 1024;

/** One session's documents, and who waits for their outcome. */
interface Run {
  readonly documents: readonly EventDocument[];
  resolve(outcome: InsertOutcome): void;
  reject(error: unknown): void;
}

/**
 * Puts the writes of many sessions together: what arrives while a write is in
 * flight goes out in the next one. No timer: an idle store is written to at once.
 *
 * Sessions with one event each share an unordered write, in which one's failure
 * is nobody else's. Those with several share an ordered one: it stops at the
 * first failure, so that each session's part is a prefix.
 */
export class GroupCommit {
  private readonly singles: InsertQueue;
  private readonly several: InsertQueue;

  constructor(connection: MongoConnection) {
    this.singles = new InsertQueue(connection, false);
    this.several = new InsertQueue(connection, true);
  }

  /** @param documents of one session, in order */
  insert(documents: readonly EventDocument[]): Promise<InsertOutcome> {
    return (documents.length === 1 ? this.singles : this.several).insert(documents);
  }
}

/** Runs that wait for the one write in flight. More than one or two at once make every one of them slower. */
class InsertQueue {
  private waiting: Run[] = [];
  private writing = false;

  constructor(
    private readonly connection: MongoConnection,
    private readonly ordered: boolean,
  ) {}

  insert(documents: readonly EventDocument[]): Promise<InsertOutcome> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ documents, resolve, reject });
      if (!this.writing) void this.write();
    });
  }

  private async write(): Promise<void> {
    this.writing = true;
    while (this.waiting.length > 0) {
      const group = this.take();
      const runs = group.map(({ documents }) => documents);
      try {
        const outcomes = await insertEvents(this.connection.database.events, runs, this.ordered);
        group.forEach((run, index) => run.resolve(outcomes[index] ?? { stored: 0, taken: false }));
      } catch (error) {
        for (const run of group) run.reject(error);
      }
    }
    this.writing = false;
  }

  private take(): Run[] {
    let events = 0;
    let bytes = 0;
    const end = this.waiting.findIndex(({ documents }) => {
      events += documents.length;
      bytes += documents.reduce((sum, { payload }) => sum + payload.length, 0);
      return events > GROUP_EVENTS || bytes > GROUP_BYTES;
    });
    return this.waiting.splice(0, end < 0 ? this.waiting.length : Math.max(end, 1));
  }
}
