import { mongo } from 'mongoose';
import type { Logger } from '../../telemetry/logger';
import type { DocumentWriter, WriterTarget } from './document-writer';
import { isTransient } from './errors';
import { FORMAT_DOCUMENT, META } from './format-version';
import { PlainWriter } from './plain-writer';
import { insertRaw, RawWriter, type SequenceOf } from './raw-writer';

/*
 * The only code that relies on internals of the driver, whose version package.json pins: the class of
 * the documents that a command sends in a section of its message of their own, as ready BSON; and an
 * option of its own operations.
 */

/**
 * Options of an aggregation whose documents are read as BSON. With `raw` alone the driver leaves parts of
 * an error reply undecoded too, records them as the state of the server, and fails the next calls. For
 * `find` and `getMore` it sets the other option itself.
 */
export const RAW_AGGREGATION = { raw: true, documentsReturnedIn: 'firstBatch' } as const;

/**
 * Returns the writer that sends documents as ready BSON, if a round trip to the database shows that this
 * works with the installed driver; otherwise the plain one.
 *
 * @throws the driver's error where another attempt may succeed
 */
export async function chooseWriter(target: WriterTarget, logger: Logger): Promise<DocumentWriter> {
  try {
    const sequenceOf = await loadSequence();
    if (await isUnderstood(target.db, sequenceOf)) return new RawWriter(target, sequenceOf);
  } catch (error) {
    if (isTransient(error)) throw error;
    logger.debug({ err: error }, 'the MongoDB driver does not send documents as ready BSON');
  }
  logger.warn('the MongoDB driver is not the version that this service was built for: writes take more CPU');
  return new PlainWriter(target);
}

async function loadSequence(): Promise<SequenceOf> {
  const { DocumentSequence } = await import('mongodb/lib/cmap/commands.js');
  return (field, bson) => {
    const sequence = new DocumentSequence(field);
    sequence.push(undefined, bson);
    return sequence;
  };
}

/** Whether the database gets a document as it was sent: that of the format version exists, so it cannot be inserted again. */
async function isUnderstood(db: mongo.Db, sequenceOf: SequenceOf): Promise<boolean> {
  const documents = sequenceOf('documents', mongo.BSON.serialize(FORMAT_DOCUMENT));
  const conflicts = await insertRaw(db, META, documents, true);
  return conflicts.length === 1;
}
