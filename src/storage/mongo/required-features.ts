import { mongo } from 'mongoose';
import { errorMessage } from '../../core/error-message';
import type { ConnectedDatabase } from './connection';
import { BY_SEQUENCE, BY_SESSION } from './documents/schema';
import { isTransient, isUnauthorized } from './errors';
import { QUERY_TIMEOUT_MS, withQueryTimeout } from './query-timeout';
import { DURABLE, WRITE } from './write-options';

/** What the service needs of the database, with a command that needs it and changes nothing. */
interface Feature {
  readonly name: string;
  /** Whether the service needs it only where the primary can change. */
  readonly ifReplicated?: true;
  readonly attempt: (database: ConnectedDatabase) => Promise<unknown>;
}

/** No session has this ID. */
const NONE = { sessionId: '' } as const;

const READ = { maxTimeMS: QUERY_TIMEOUT_MS } as const;

const FEATURES: readonly Feature[] = [
  {
    name: '$lookup with localField and a pipeline',
    attempt: ({ sessions, events }) => {
      const pipeline = [{ $sort: { sequence: -1 } }, { $limit: 1 }];
      const fields = { localField: 'sessionId', foreignField: 'sessionId' };
      const lookup = { $lookup: { from: events.collectionName, ...fields, pipeline, as: 'last' } };
      return sessions.aggregate([{ $match: NONE }, lookup], { hint: BY_SESSION, ...READ }).toArray();
    },
  },
  {
    name: '$replaceWith and $merge',
    attempt: ({ events }) => {
      const on = ['sessionId', 'eventId'];
      const merge = {
        into: events.collectionName,
        on,
        whenMatched: 'keepExisting',
        whenNotMatched: 'insert',
      };
      const next = { sessionId: { $literal: '' }, sequence: { $add: ['$sequence', 1] } };
      const pipeline = [{ $match: NONE }, { $limit: 1 }, { $replaceWith: next }, { $merge: merge }];
      const options = { hint: BY_SEQUENCE, readConcern: 'local', writeConcern: DURABLE } as const;
      return events.aggregate(pipeline, { ...options, ...READ }).toArray();
    },
  },
  {
    name: 'retryable writes (without them, add retryWrites=false to the URI)',
    attempt: ({ sessions }) => sessions.updateOne(NONE, { $set: { endReason: '' } }, WRITE),
  },
  {
    name: 'updates by a pipeline',
    attempt: ({ tombstones }) => tombstones.updateOne(NONE, [{ $set: { uncleared: '$$REMOVE' } }], WRITE),
  },
  {
    name: 'deletions with a hint',
    attempt: ({ events }) => events.deleteMany(NONE, { ...WRITE, hint: BY_SEQUENCE }),
  },
  {
    name: 'linearizable reads',
    ifReplicated: true,
    attempt: ({ sessions }) =>
      sessions.findOne(NONE, { hint: BY_SESSION, readConcern: 'linearizable', ...READ }),
  },
  { name: 'change streams', ifReplicated: true, attempt: openChangeStream },
];

async function openChangeStream({ db }: ConnectedDatabase): Promise<void> {
  const stream = db.watch([{ $project: { sessionId: '$fullDocument.sessionId' } }], { maxAwaitTimeMS: 1 });
  try {
    await stream.tryNext();
  } finally {
    await stream.close();
  }
}

/**
 * Tries all that the service needs, and returns what the database lacks, and why: databases that are only
 * compatible with MongoDB accept connections and fail later.
 *
 * @throws the driver's error where another attempt may succeed, or the user may not
 */
export async function missingFeatures(database: ConnectedDatabase): Promise<string[]> {
  const missing: string[] = [];
  for (const { name, ifReplicated, attempt } of FEATURES) {
    if (ifReplicated && !database.replicated) continue;
    try {
      await withQueryTimeout(attempt(database));
    } catch (error) {
      if (!isRejected(error)) throw error;
      missing.push(lacking(name, error));
    }
  }
  return missing;
}

/** The database rejects the command for good: neither a retry nor another user helps. */
export function isRejected(error: unknown): boolean {
  return error instanceof mongo.MongoServerError && !isTransient(error) && !isUnauthorized(error);
}

/** Says what the database lacks, and what to do. */
export function lacking(feature: string, error: unknown): string {
  return `the database in MONGODB_URI lacks ${feature}: ${errorMessage(error)}; use MongoDB 5.0 or later, see "Databases" in docs/operations.md`;
}
