import type { Database } from '../connection';
import { newEventDocument } from '../documents/event-document';
import { BY_SEQUENCE } from '../documents/schema';
import { structToMap } from '../documents/struct-bson/struct-to-map';
import { isDuplicateKey } from '../errors';
import { QUERY_TIMEOUT_MS, withQueryTimeout } from '../query-timeout';
import { DURABLE } from '../write-options';
import type { PlannedEvent } from './plan-batch';

/**
 * Appends an event after the last one of its log, wherever that is: the database finds the end and
 * inserts in one command. A read and an insert would have a round trip between them, in which a
 * server closer to the database takes the sequence. Read the event to learn whether it was stored:
 * nothing happens if the log is empty, the event is stored already, or the sequence is taken
 * nevertheless.
 *
 * The end is the primary's, not the majority's: a write acknowledged by a majority never lacks the
 * events before it.
 */
export async function appendAtEnd(
  { events }: Database,
  { append, event }: Pick<PlannedEvent, 'append' | 'event'>,
): Promise<void> {
  const { _id, sessionId, eventId, type, payload, timestamp } = newEventDocument(append.rowId, event);
  const document = {
    _id,
    sessionId: { $literal: sessionId },
    eventId: { $literal: eventId },
    sequence: { $add: ['$sequence', 1] },
    type: { $literal: type },
    payload: { $literal: structToMap(payload) },
    timestamp: { $max: ['$timestamp', timestamp] },
  };
  const command = events.aggregate(
    [
      { $match: { sessionId } },
      { $sort: { sequence: -1 } },
      { $limit: 1 },
      { $replaceWith: document },
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
    await withQueryTimeout(command.toArray());
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
  }
}
