import { open, type RootDatabase } from 'lmdb';

/** Opens LMDB in a folder. */
export function openLmdb(path: string, { readOnly = false } = {}): RootDatabase {
  return open({
    path,
    readOnly,
    // Without it LMDB takes a folder whose name has a dot for a file.
    noSubdir: false,
    // With overlapping sync a value can be read before it is durable, and stays readable if its sync fails.
    overlappingSync: false,
    // With it LMDB creates an unreachable promise, whose rejection after a failed commit ends the process.
    eventTurnBatching: false,
    maxDbs: 8,
  });
}
