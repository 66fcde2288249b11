import { mongo } from 'mongoose';
import type { DocumentWriter, SessionRevision, WriterTarget } from './document-writer';
import { writeEvent } from './documents/event-document';
import type { EventDocument, SessionDocument } from './documents/schema';
import { writeSession } from './documents/session-document';
import { BsonWriter } from './documents/struct-bson/bson-writer';
import { DUPLICATE_KEY, isDuplicateKey } from './errors';
import { WRITE_FIELDS } from './write-options';

/** The reply to `insert` or `update`, which reports errors of documents instead of failing. */
interface WriteReply {
  readonly n?: number;
  readonly writeErrors?: readonly (mongo.Document & { readonly index: number; readonly code: number })[];
  readonly writeConcernError?: mongo.Document;
}

/** Makes the value of a command's field from documents, one after the other, as BSON. */
export type SequenceOf = (field: string, bson: Uint8Array) => object;

const writer = new BsonWriter();

/** Writes documents as BSON that it makes itself: through the driver's serializer an append costs a third more. */
export class RawWriter implements DocumentWriter {
  constructor(
    private readonly target: WriterTarget,
    private readonly sequenceOf: SequenceOf,
  ) {}

  insertEvents(documents: readonly EventDocument[], ordered: boolean): Promise<readonly number[]> {
    writer.clear();
    for (const document of documents) writeEvent(writer, document);
    return this.insert(this.target.events.collectionName, writer.take(), ordered);
  }

  async insertSession(document: SessionDocument): Promise<boolean> {
    const { collectionName } = this.target.sessions;
    return (await this.insert(collectionName, sessionBson(document), true)).length === 0;
  }

  async replaceSession(replaced: SessionRevision, document: SessionDocument): Promise<boolean> {
    const { db, sessions } = this.target;
    const statement = bsonOf({ q: mongo.BSON.serialize(replaced), u: sessionBson(document) });
    const reply: WriteReply = await db.command({
      update: sessions.collectionName,
      updates: this.sequenceOf('updates', statement),
      ...WRITE_FIELDS,
    });
    conflictsIn(reply);
    return reply.n === 1;
  }

  private insert(collection: string, bson: Uint8Array, ordered: boolean): Promise<readonly number[]> {
    return insertRaw(this.target.db, collection, this.sequenceOf('documents', bson), ordered);
  }
}

/** Inserts documents, and returns the indexes of those that met a unique index. */
export async function insertRaw(
  db: mongo.Db,
  collection: string,
  documents: object,
  ordered: boolean,
): Promise<readonly number[]> {
  try {
    return conflictsIn(await db.command({ insert: collection, documents, ordered, ...WRITE_FIELDS }));
  } catch (error) {
    // An error of the command as a whole does not say which documents are stored.
    throw isDuplicateKey(error) ? retryable({ code: error.code, errmsg: error.message }) : error;
  }
}

/**
 * Returns the indexes of the documents that met a unique index. The others are stored only if there is
 * no write concern error, and no document has an error other than E11000.
 *
 * @throws an error like the driver's where the outcome is unknown
 */
export function conflictsIn(reply: WriteReply): readonly number[] {
  const { writeErrors = [], writeConcernError } = reply;
  const other = writeErrors.find(({ code }) => code !== DUPLICATE_KEY);
  if (other !== undefined) throw errorOf(other);
  // A write concern error can come with any code. The write may take effect, so it is retried.
  if (writeConcernError !== undefined) throw retryable(writeConcernError);
  return writeErrors.map(({ index }) => index);
}

function retryable(error: mongo.Document): mongo.MongoServerError {
  return errorOf({ ...error, errorLabels: ['RetryableWriteError'] });
}

function errorOf({ errmsg, ...error }: mongo.Document): mongo.MongoServerError {
  return new mongo.MongoServerError({ ...error, message: String(errmsg) });
}

function sessionBson(document: SessionDocument): Buffer {
  writer.clear();
  writeSession(writer, document);
  return writer.take();
}

/** A BSON document whose fields are documents. */
function bsonOf(fields: Readonly<Record<string, Uint8Array>>): Buffer {
  const parts = Object.entries(fields).flatMap(([name, bytes]) => [Buffer.from(`\x03${name}\0`), bytes]);
  const content = Buffer.concat([Buffer.alloc(4), ...parts, Buffer.alloc(1)]);
  content.writeInt32LE(content.length);
  return content;
}
