import { mongo } from 'mongoose';
import { MISSING_RIGHT } from './build-indexes';
import { REQUIRED_COLLECTIONS } from './documents/schema';
import { isUnauthorized } from './errors';
import { QUERY_TIMEOUT_MS } from './query-timeout';
import { DURABLE } from './write-options';

/** The version of the form of the stored documents. A database of another version is refused. */
export const FORMAT_VERSION = 1;

/** The collection of the document that holds the version. */
export const META = 'conversation_meta';

/** The document that holds the version. */
export const FORMAT_DOCUMENT = { _id: 'format', version: FORMAT_VERSION } as const;

/** Sees what every other server has written: the primary's own state, as for the collections and indexes. */
const READ = { readConcern: 'local', maxTimeMS: QUERY_TIMEOUT_MS } as const;

/** How long the service may take to write a document whose `_id` it has generated, in milliseconds. */
const MAX_WRITE_AGE_MS = 60_000;

interface FormatDocument {
  readonly _id: 'format';
  /** Another version of the service, or another program, may have written it. */
  readonly version?: unknown;
}

const metaOf = (db: mongo.Db): mongo.Collection<FormatDocument> => db.collection<FormatDocument>(META);

/** Reads the version from the primary; undefined if the database has none. */
export async function readFormat(db: mongo.Db): Promise<unknown> {
  return versionIn(await metaOf(db).findOne({ _id: 'format' }, READ));
}

/** Says what is wrong with this version, for a log line; empty if nothing is. */
export function describeFormat(version: unknown): string {
  if (version === FORMAT_VERSION) return '';
  return version === undefined
    ? `${META} has no format version`
    : `${META} has the format version ${JSON.stringify(version)}, not ${FORMAT_VERSION}`;
}

/**
 * Writes the version if the database has neither a version nor data. Of several servers that do so at
 * once, one writes its own, and the others find that.
 *
 * @param lastSeen when this server last found the version there: data that was written since is no obstacle
 * @returns why this version of the service cannot use the database, and what to do; undefined if it can
 * @throws the driver's error where another attempt may succeed
 */
export async function ensureFormat(db: mongo.Db, lastSeen?: Date): Promise<string | undefined> {
  let version = await readFormat(db);
  if (version === undefined) {
    const withData = await collectionsWithData(db, lastSeen);
    try {
      // Data: since the first read, another server may have written the version, and then data.
      version = withData.length === 0 ? await writeFormat(db) : await readFormat(db);
    } catch (error) {
      if (!isUnauthorized(error)) throw error;
      return `cannot write the format version to ${META}: ${MISSING_RIGHT}`;
    }
    if (version === undefined)
      return `the database ${db.databaseName} has documents in ${withData.join(' and ')}, but no format version in ${META}: set an empty or another database in MONGODB_URI, or drop these collections; if it was restored from a backup, restore ${META} too`;
  }
  if (version === FORMAT_VERSION) return undefined;
  return `the database ${db.databaseName} has data in format ${JSON.stringify(version)}, but this version of the service uses format ${FORMAT_VERSION}: run the version that wrote it, or set an empty or another database in MONGODB_URI`;
}

/** Returns the version that the database has then: its own, or that of a server that was first. */
async function writeFormat(db: mongo.Db): Promise<unknown> {
  const document = await metaOf(db).findOneAndUpdate(
    { _id: 'format' },
    { $setOnInsert: { version: FORMAT_VERSION } },
    { upsert: true, returnDocument: 'after', maxTimeMS: QUERY_TIMEOUT_MS, writeConcern: DURABLE },
  );
  return versionIn(document);
}

function versionIn(document: FormatDocument | null): unknown {
  return document === null ? undefined : (document.version ?? null);
}

/** The service's collections that have documents; with a time, only documents that are older. The `_id` has a document's age. */
async function collectionsWithData(db: mongo.Db, olderThan?: Date): Promise<string[]> {
  const filter = olderThan === undefined ? {} : { _id: { $lt: firstIdAt(olderThan) } };
  const names: string[] = [];
  for (const { name } of REQUIRED_COLLECTIONS)
    if ((await db.collection(name).findOne(filter, { ...READ, projection: { _id: 1 } })) !== null)
      names.push(name);
  return names;
}

/** The lowest `_id` of the documents that the service may have written after this time. */
function firstIdAt(time: Date): mongo.ObjectId {
  return mongo.ObjectId.createFromTime(Math.floor((time.getTime() - MAX_WRITE_AGE_MS) / 1000));
}
