import { groupBySession } from './group-by-session';
import type { MongoConnection } from '../connection';
import { Batcher } from '../batcher';
import { textsOf } from '../documents/check-row';
import { BY_EVENT_ID } from '../documents/schema';
import { type EventRow, readEventRow } from '../documents/stored-event';
import { QUERY_TIMEOUT_MS, withQueryTimeout } from '../query-timeout';

/** The maximum number of event IDs in one query, and of the bytes that their events are expected to have. */
const MAX_BATCH_IDS = 1000;
const MAX_BATCH_BYTES = 4 * 1024 * 1024;

/** How many appends after a duplicate are expected to be duplicates too. */
const EXPECTED_AFTER_DUPLICATE = 32;

/** Events of one session to look up. */
interface Lookup {
  readonly sessionId: string;
  readonly eventIds: readonly string[];
  readonly expectedBytes: number;
}

/** Looks up events by their IDs. Batches the lookups of many sessions into one query. */
export class EventFinder {
  private readonly batcher: Batcher<Lookup, readonly EventRow[]>;
  private expectedFor = 0;

  constructor(connection: MongoConnection) {
    this.batcher = new Batcher(
      (lookups) => withQueryTimeout(findAll(connection, lookups)),
      ({ eventIds, expectedBytes }) =>
        Math.max(eventIds.length / MAX_BATCH_IDS, expectedBytes / MAX_BATCH_BYTES),
    );
  }

  /**
   * Whether to look up events before they are inserted. For a client that resends many events, a
   * lookup costs a fraction of an insert that fails on a unique index.
   */
  get expectsDuplicates(): boolean {
    return this.expectedFor > 0;
  }

  /**
   * Returns those of the events that are stored, by a majority read, in no particular order.
   *
   * @param expectedBytes the size of the payloads, as far as it is known
   */
  async find(
    sessionId: string,
    eventIds: readonly string[],
    expectedBytes: number,
  ): Promise<readonly EventRow[]> {
    const found = await this.batcher.load({ sessionId, eventIds, expectedBytes });
    this.expectedFor =
      found.length > 0 ? EXPECTED_AFTER_DUPLICATE : Math.max(0, this.expectedFor - eventIds.length);
    return found;
  }
}

async function findAll(
  { database: { events }, integrity }: MongoConnection,
  lookups: readonly Lookup[],
): Promise<EventRow[][]> {
  const branches = lookups.map(({ sessionId, eventIds }) => ({ sessionId, eventId: { $in: [...eventIds] } }));
  const [first] = branches;
  const filter = branches.length === 1 && first !== undefined ? first : { $or: branches };
  const rows = await events
    .find<Buffer>(filter, {
      raw: true,
      ...integrity.hint(BY_EVENT_ID),
      maxTimeMS: QUERY_TIMEOUT_MS,
      batchSize: MAX_BATCH_IDS + 1,
    })
    .toArray();
  const found = groupBySession(rows.map(readEventRow));
  return lookups.map(({ sessionId, eventIds }) =>
    (found.get(sessionId) ?? []).filter(({ eventId }) =>
      textsOf(eventId).some((id) => eventIds.includes(id)),
    ),
  );
}
