import { bySession } from './group-by-session';
import type { MongoConnection } from '../connection';
import { Batcher } from '../batcher';
import { BY_EVENT_ID, type EventDocument } from '../documents/schema';
import { QUERY_TIMEOUT_MS, withQueryTimeout } from '../query-timeout';

/** Event ids in one question at most. */
const GROUP_IDS = 1000;

/** Appends after one that was a repeat for which repeats are expected. */
const EXPECTED_FOR = 32;

/** Events of one session that are looked for by their ids. */
interface Sought {
  readonly sessionId: string;
  readonly eventIds: readonly string[];
}

/** Looks for events that are stored already, for many sessions in one question. */
export class EventFinder {
  private readonly found: Batcher<Sought, readonly EventDocument[]>;
  private expectedFor = 0;

  constructor(connection: MongoConnection) {
    this.found = new Batcher(
      (sought) => withQueryTimeout(findAll(connection, sought)),
      ({ eventIds }) => eventIds.length / GROUP_IDS,
    );
  }

  /**
   * Whether appends are to be looked for before they are inserted: where a client sends much
   * again, that is a fraction of what an insert costs that meets a unique index.
   */
  get expectsDuplicates(): boolean {
    return this.expectedFor > 0;
  }

  /** The stored ones among these, by a read of the majority. */
  async find(sessionId: string, eventIds: readonly string[]): Promise<readonly EventDocument[]> {
    const found = await this.found.load({ sessionId, eventIds });
    this.expectedFor = found.length > 0 ? EXPECTED_FOR : Math.max(0, this.expectedFor - eventIds.length);
    return found;
  }
}

async function findAll(
  { database: { events } }: MongoConnection,
  sought: readonly Sought[],
): Promise<EventDocument[][]> {
  const branches = sought.map(({ sessionId, eventIds }) => ({ sessionId, eventId: { $in: [...eventIds] } }));
  const [only] = branches;
  const filter = branches.length === 1 && only !== undefined ? only : { $or: branches };
  const rows = await events
    .find(filter, { hint: BY_EVENT_ID, maxTimeMS: QUERY_TIMEOUT_MS, batchSize: GROUP_IDS + 1 })
    .toArray();
  const found = bySession(rows);
  return sought.map(({ sessionId, eventIds }) =>
    (found.get(sessionId) ?? []).filter(({ eventId }) => eventIds.includes(eventId)),
  );
}
