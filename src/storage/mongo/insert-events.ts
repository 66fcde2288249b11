import { mongo } from 'mongoose';
import { isDuplicateKey } from './driver-errors';
import type { EventDocument } from './schemas';
import { within } from './time-limit';

/** What became of documents that were inserted in order. */
export interface InsertOutcome {
  /** How many of them, from the first on, are acknowledged. */
  readonly stored: number;
  /** Whether the next one met a unique index: its sequence or its event id is taken. Those after it were not tried. */
  readonly taken: boolean;
}

/** How long an insert may take before its place is freed, in milliseconds; its outcome is not known then. */
export const INSERT_MS = 4000;

/**
 * Inserts events of one session, in order, stopping at the first that fails.
 *
 * Throws where the outcome is not known. An item is acknowledged only where there
 * is no write concern error and no error but E11000 of single items: with both
 * kinds at once the driver throws with no write errors listed, and what is not
 * listed is not stored for certain.
 */
export async function insertEvents(
  collection: mongo.Collection<EventDocument>,
  documents: readonly EventDocument[],
): Promise<InsertOutcome> {
  try {
    const [first] = documents;
    const inserted: Promise<unknown> =
      documents.length === 1 && first !== undefined
        ? collection.insertOne(first, { maxTimeMS: INSERT_MS })
        : collection.insertMany(documents, { ordered: true, maxTimeMS: INSERT_MS });
    await within(INSERT_MS, inserted);
    return { stored: documents.length, taken: false };
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    if (!(error instanceof mongo.MongoBulkWriteError)) return { stored: 0, taken: true };
    const failed = [error.writeErrors].flat();
    const [first] = failed;
    const known =
      error.result.getWriteConcernError() === undefined && failed.every(({ code }) => code === error.code);
    if (first === undefined || !known) throw error;
    return { stored: first.index, taken: true };
  }
}
