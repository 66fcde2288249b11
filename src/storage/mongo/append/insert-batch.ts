import { mongo } from 'mongoose';
import { DURABLE } from '../connection';
import { isDuplicateKey } from '../errors';
import type { EventDocument } from '../documents/schema';
import { QUERY_TIMEOUT_MS, withQueryTimeout } from '../query-timeout';

/** What became of one session's documents, which were inserted in order. */
export interface InsertResult {
  /** How many of them, from the first on, are acknowledged. */
  readonly stored: number;
  /** Whether the next one met a unique index: its sequence or its event id is taken. Others were not tried. */
  readonly conflict: boolean;
}

/**
 * Inserts the documents of several sessions in one write, and tells what became of each session's.
 *
 * @param ordered whether the write stops at the first failure, as it must where a session has more than one
 *
 * Throws where the outcome is not known. An item is acknowledged only where there
 * is no write concern error and no error but E11000 of single items: with both
 * kinds at once the driver throws with no write errors listed, and what is not
 * listed is not stored for certain.
 */
export async function insertEvents(
  collection: mongo.Collection<EventDocument>,
  runs: readonly (readonly EventDocument[])[],
  ordered: boolean,
): Promise<InsertResult[]> {
  try {
    const documents = runs.flat();
    const [first] = documents;
    const inserted: Promise<unknown> =
      documents.length === 1 && first !== undefined
        ? collection.insertOne(first, { maxTimeMS: QUERY_TIMEOUT_MS, writeConcern: DURABLE })
        : collection.insertMany(documents, { ordered, maxTimeMS: QUERY_TIMEOUT_MS, writeConcern: DURABLE });
    await withQueryTimeout(inserted);
    return outcomes(runs, [], ordered);
  } catch (error) {
    return outcomes(runs, takenIndexes(error), ordered);
  }
}

/** The items that met a unique index, and nothing else went wrong; otherwise throws the error. */
function takenIndexes(error: unknown): number[] {
  if (!isDuplicateKey(error)) throw error;
  if (!(error instanceof mongo.MongoBulkWriteError)) return [0];
  const failed = [error.writeErrors].flat();
  const known =
    error.result.getWriteConcernError() === undefined && failed.every(({ code }) => code === error.code);
  if (!known || failed.length === 0) throw error;
  return failed.map(({ index }) => index);
}

function outcomes(
  runs: readonly (readonly EventDocument[])[],
  taken: readonly number[],
  ordered: boolean,
): InsertResult[] {
  const failed = new Set(taken);
  let index = 0;
  let stopped = false;
  return runs.map((run) => {
    if (stopped) return { stored: 0, conflict: false };
    const at = run.findIndex((_, offset) => failed.has(index + offset));
    index += run.length;
    stopped = ordered && at >= 0;
    return at < 0 ? { stored: run.length, conflict: false } : { stored: at, conflict: true };
  });
}
