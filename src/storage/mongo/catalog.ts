import { mongo } from 'mongoose';
import { describeFormat, readFormat } from './format-version';
import { REQUIRED_COLLECTIONS, type RequiredCollection, type RequiredIndex } from './documents/schema';

/** The error code of a command on a collection that does not exist. */
const NO_SUCH_COLLECTION = 26;

/** A required index that the database does not have, or that is not built yet. */
export interface MissingIndex extends RequiredIndex {
  readonly collection: string;
  /** The collection has another index of this name, which must be dropped first. */
  readonly isNameTaken: boolean;
}

/** What the database has of the service's collections. */
export interface Catalog {
  /** The version of the form of the documents; undefined if the database has none. */
  readonly format: unknown;
  /** The UUID of each collection, by its name: dropped and created again, a collection has another. */
  readonly uuids: ReadonlyMap<string, string>;
  readonly missing: readonly MissingIndex[];
}

/** Says what is missing or of another version, for a log line; empty if nothing is. */
export function describeFaults({ format, uuids, missing }: Catalog): string {
  const lacks = missing.map(({ collection, key, unique }) =>
    uuids.has(collection)
      ? `${collection} has no ${unique ? 'unique ' : ''}index ${JSON.stringify(key)}`
      : `the collection ${collection} does not exist`,
  );
  return [...new Set([describeFormat(format), ...lacks])].filter((fault) => fault !== '').join(', ');
}

/** The collections that were dropped, or dropped and created again. */
export function replacedCollections(before: Catalog['uuids'], now: Catalog['uuids']): string[] {
  return [...before].filter(([name, uuid]) => now.get(name) !== uuid).map(([name]) => name);
}

/** An index as `listIndexes` describes it. */
interface Index {
  readonly name: string;
  readonly key: Readonly<Record<string, unknown>>;
  readonly unique?: boolean;
  readonly sparse?: boolean;
}

/** An index as `listIndexes` lists it. One that is being built, and enforces nothing yet, has its description in `spec`. */
interface ListedIndex extends Index {
  readonly spec?: Index;
}

/** Options with which an index does not enforce what it must, cannot be a hint, or removes documents. */
const UNWANTED_OPTIONS = ['partialFilterExpression', 'collation', 'hidden', 'expireAfterSeconds'];

/** Reads from the primary what it has of the service's collections. */
export async function readCatalog(db: mongo.Db): Promise<Catalog> {
  const names = REQUIRED_COLLECTIONS.map(({ name }) => name);
  const [format, collections, ...missing] = await Promise.all([
    readFormat(db),
    db.listCollections({ name: { $in: names } }, { nameOnly: false }).toArray(),
    ...REQUIRED_COLLECTIONS.map((collection) => missingIndexes(db, collection)),
  ]);
  return {
    format,
    // A database that is only compatible with MongoDB may have no UUIDs.
    uuids: new Map(collections.map(({ name, info }) => [name, info?.uuid?.toString('hex') ?? ''])),
    missing: missing.flat(),
  };
}

async function missingIndexes(
  db: mongo.Db,
  { name: collection, indexes }: RequiredCollection,
): Promise<MissingIndex[]> {
  const listed = await listIndexes(db, collection);
  return indexes
    .filter((required) => !listed.some((index) => meets(index, required)))
    .map((required) => ({
      ...required,
      collection,
      isNameTaken: listed.some(({ name, spec }) => spec === undefined && name === required.name),
    }));
}

async function listIndexes(db: mongo.Db, collection: string): Promise<readonly ListedIndex[]> {
  try {
    const { cursor } = (await db.command({ listIndexes: collection, includeBuildUUIDs: true })) as {
      readonly cursor: { readonly firstBatch: readonly ListedIndex[] };
    };
    return cursor.firstBatch;
  } catch (error) {
    if (error instanceof mongo.MongoServerError && error.code === NO_SUCH_COLLECTION) return [];
    throw error;
  }
}

/** Whether a built index does what the required one must. Its name does not matter. */
function meets(index: ListedIndex, { key, unique, sparse }: RequiredIndex): boolean {
  return (
    index.spec === undefined &&
    JSON.stringify(index.key) === JSON.stringify(key) &&
    (index.unique === true) === unique &&
    (index.sparse === true) === sparse &&
    !UNWANTED_OPTIONS.some((option) => option in index)
  );
}
