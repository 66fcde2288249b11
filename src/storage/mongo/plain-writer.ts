import { mongo } from 'mongoose';
import type { DocumentWriter, SessionRevision, WriterTarget } from './document-writer';
import type { EventDocument, SessionDocument } from './documents/schema';
import { structToMap } from './documents/struct-bson/struct-to-map';
import { isDuplicateKey } from './errors';
import { WRITE } from './write-options';

/** Writes documents through the driver's public methods, at several times the cost of `RawWriter`. */
export class PlainWriter implements DocumentWriter {
  private readonly sessions: mongo.Collection;
  private readonly events: mongo.Collection;

  constructor({ db, sessions, events }: WriterTarget) {
    this.sessions = db.collection(sessions.collectionName);
    this.events = db.collection(events.collectionName);
  }

  async insertEvents(documents: readonly EventDocument[], ordered: boolean): Promise<readonly number[]> {
    const plain = documents.map((document) => ({ ...document, payload: structToMap(document.payload) }));
    try {
      await this.events.insertMany(plain, { ordered, ...WRITE });
      return [];
    } catch (error) {
      return conflictsOf(error);
    }
  }

  async insertSession(document: SessionDocument): Promise<boolean> {
    try {
      await this.sessions.insertOne(toPlain(document), WRITE);
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  async replaceSession(replaced: SessionRevision, document: SessionDocument): Promise<boolean> {
    const { matchedCount } = await this.sessions.replaceOne({ ...replaced }, toPlain(document), WRITE);
    return matchedCount === 1;
  }
}

function toPlain(document: SessionDocument): mongo.Document {
  return { ...document, metadata: structToMap(document.metadata) };
}

/**
 * Returns the indexes of the documents that met a unique index, by the error of their insert.
 *
 * Throws the error where the outcome is unknown. The other documents are stored only if there is no
 * write concern error, and no document has an error other than E11000: with both kinds at once the
 * driver lists no write errors, and what is not listed is not certain to be stored.
 */
export function conflictsOf(error: unknown): readonly number[] {
  if (!isDuplicateKey(error)) throw error;
  if (!(error instanceof mongo.MongoBulkWriteError)) return [0];
  const failed = [error.writeErrors].flat();
  const isKnown =
    error.result.getWriteConcernError() === undefined && failed.every(({ code }) => code === error.code);
  if (!isKnown || failed.length === 0) throw error;
  return failed.map(({ index }) => index);
}
