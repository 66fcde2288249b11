import type { mongo } from 'mongoose';
import type { MongoConnection } from '../connection';
import { BY_SEQUENCE } from '../documents/schema';
import { QUERY_TIMEOUT_MS } from '../query-timeout';

/** Which rows of `conversation_events` to read. */
export interface RowQuery {
  readonly filter: mongo.Document;
  /** The most rows to read. MongoDB ends a reply at 16 MiB, too. */
  readonly limit: number;
  readonly sort?: mongo.Document;
  readonly projection?: mongo.Document;
}

/** The reply to a `find` whose documents are left as they are. */
interface FindReply {
  readonly cursor?: { readonly firstBatch: readonly Buffer[] };
}

/** Reads rows by the index on sessions and sequences, in one reply. Returns them as BSON. */
export async function findRows(
  { database: { db, events }, integrity }: MongoConnection,
  query: RowQuery,
): Promise<readonly Buffer[]> {
  const find = {
    find: events.collectionName,
    ...query,
    ...integrity.hint(BY_SEQUENCE),
    batchSize: query.limit,
    singleBatch: true,
    maxTimeMS: QUERY_TIMEOUT_MS,
    readConcern: { level: 'majority' },
  };
  // Not `raw: true`: the driver would record undecoded parts of an error reply as the server's state.
  const { cursor }: FindReply = await db.command(find, { fieldsAsRaw: { firstBatch: true } });
  if (cursor === undefined) throw new Error('the reply to find has no cursor');
  return cursor.firstBatch;
}

/** The sequences of a range, as a filter. */
export function inRange({
  afterSequence,
  limit,
}: {
  readonly afterSequence: number;
  readonly limit: number;
}): mongo.Document {
  return { $gt: afterSequence, $lte: afterSequence + limit };
}
