import { buildIndexes, type BuildTarget } from './build-indexes';
import type { Catalog } from './catalog';
import { ensureFormat, FORMAT_VERSION } from './format-version';

/**
 * Writes what the database lacks: first the format version, then the collections and indexes. Nothing is
 * written to a database of another format.
 *
 * @param lastSeen like that of `ensureFormat`
 * @returns for what cannot be written, why and what to do
 * @throws the driver's error where another attempt may succeed
 */
export async function completeDatabase(
  target: BuildTarget,
  { format, missing }: Catalog,
  lastSeen?: Date,
): Promise<string[]> {
  const problem = format === FORMAT_VERSION ? undefined : await ensureFormat(target.db, lastSeen);
  return problem === undefined ? buildIndexes(target, missing) : [problem];
}
