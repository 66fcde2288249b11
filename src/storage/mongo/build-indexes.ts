import type { mongo } from 'mongoose';
import { errorMessage } from '../../core/error-message';
import type { MissingIndex } from './catalog';
import { isDuplicateKey, isIndexConflict, isUnauthorized } from './errors';

/** Where to build indexes. */
export interface BuildTarget {
  readonly db: mongo.Db;
  readonly replicated: boolean;
}

/** Why the user's rights do not suffice, and what to do. */
export const MISSING_RIGHT =
  'the user in MONGODB_URI may not; run npm start -- --create-indexes with a user that has the readWrite role';

/**
 * Builds the missing indexes, and creates the collections that do not exist. Each is built alone, so
 * that one which cannot be built does not prevent the others.
 *
 * @returns for those that cannot be built, why and what to do
 * @throws the driver's error where another attempt may succeed
 */
export async function buildIndexes(target: BuildTarget, missing: readonly MissingIndex[]): Promise<string[]> {
  const problems: string[] = [];
  for (const index of missing) {
    const reason = await build(target, index);
    const { collection, key, unique } = index;
    const name = `the ${unique ? 'unique ' : ''}index ${JSON.stringify(key)} of ${collection}`;
    if (reason !== undefined) problems.push(`cannot build ${name}: ${reason}`);
  }
  return problems;
}

/** Returns why the index cannot be built; undefined once it is. */
async function build(
  { db, replicated }: BuildTarget,
  { collection, name, key, unique, sparse, isNameTaken }: MissingIndex,
): Promise<string | undefined> {
  if (isNameTaken)
    return `an index of its name has other options; drop that with db.${collection}.dropIndex("${name}")`;
  try {
    await db.command({
      createIndexes: collection,
      indexes: [{ name, key, ...(unique && { unique }), ...(sparse && { sparse }) }],
      writeConcern: { w: 'majority', j: true },
      // By default the build waits for all members, and one that is down would block it.
      ...(replicated && { commitQuorum: 'majority' }),
    });
    return undefined;
  } catch (error) {
    return reasonOf(error);
  }
}

function reasonOf(error: unknown): string {
  if (isUnauthorized(error)) return MISSING_RIGHT;
  if (isDuplicateKey(error))
    return `documents are doubled, for example ${JSON.stringify(error.keyValue)}; see "Doubled documents" in docs/operations.md`;
  if (isIndexConflict(error)) return `${errorMessage(error)}; drop the index that is in its way`;
  throw error;
}
