import type { Database } from '../connection';
import { DURABLE } from '../connection';
import { isDuplicateKey } from '../errors';
import { BY_SEQUENCE, type EventDocument } from '../documents/schema';
import { QUERY_TIMEOUT_MS, withQueryTimeout } from '../query-timeout';

/**
 * Puts an event after the last one of its log, wherever that is by now: the database finds the
 * end and inserts in one command, so that no round trip lies between, in which a server that is
 * nearer takes the place. Whether it was stored is to be read: nothing happens where the log is
 * empty, the event is stored already, or the place is taken nevertheless.
 *
 * The end is read as it is on the primary, not on a majority: what is acknowledged by one is
 * never without what it was put after.
 */
export async function appendAtEnd({ events }: Database, document: EventDocument): Promise<void> {
  const { _id, sessionId, eventId, type, payload, timestamp } = document;
  const stored = {
    _id,
    sessionId: { $literal: sessionId },
    eventId: { $literal: eventId },
    sequence: { $add: ['$sequence', 1] },
    type: { $literal: type },
    payload: { $literal: payload },
    timestamp: { $max: ['$timestamp', timestamp] },
  };
  const append = events.aggregate(
    [
      { $match: { sessionId } },
      { $sort: { sequence: -1 } },
      { $limit: 1 },
      { $replaceWith: stored },
      {
        $merge: {
          into: events.collectionName,
          on: ['sessionId', 'eventId'],
          whenMatched: 'keepExisting',
          whenNotMatched: 'insert',
        },
      },
    ],
    { hint: BY_SEQUENCE, readConcern: 'local', writeConcern: DURABLE, maxTimeMS: QUERY_TIMEOUT_MS },
  );
  try {
    await withQueryTimeout(append.toArray());
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
  }
}
