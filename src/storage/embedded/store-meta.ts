import type { RootDatabase } from 'lmdb';
import { DamagedFile } from './files/damaged-file';
import type { Identity } from './files/identity';
import { TABLES } from './tables/tables';

/** The version of the layout of keys and values. Data of another version is refused. */
export const FORMAT_VERSION = 3;

const TABLE = 'meta';
const FORMAT_KEY = 'format';
const ID_KEY = 'id';

/** Data of a format that this version of the service does not read. */
export class OtherFormat extends Error {
  override readonly name = 'OtherFormat';

  constructor(readonly format: unknown) {
    super(`it has data in format ${String(format)}, not ${FORMAT_VERSION}`);
  }
}

/** Writes the format and the store's ID, durably. */
export async function writeMeta(root: RootDatabase, id: string): Promise<void> {
  const meta = root.openDB<number | string, string>({ name: TABLE });
  await root.transaction(() => {
    meta.putSync(FORMAT_KEY, FORMAT_VERSION);
    meta.putSync(ID_KEY, id);
  });
}

/** @throws OtherFormat, DamagedFile */
export function readMeta(root: RootDatabase): Identity {
  const meta = root.openDB<unknown, string>({ name: TABLE });
  const format = meta.get(FORMAT_KEY);
  const id = meta.get(ID_KEY);
  if (format !== undefined && format !== FORMAT_VERSION) throw new OtherFormat(format);
  if (format === undefined || typeof id !== 'string')
    throw new DamagedFile('its data.mdb is not a data file of this service');
  return { format, id };
}

/** Checks that no table is missing: LMDB would create it, and the store would seem to be empty. @throws DamagedFile */
export function checkTables(root: RootDatabase): void {
  const found = new Set([...root.getKeys()].map(String));
  const missing = TABLES.filter((name) => !found.has(name));
  if (missing.length > 0) throw new DamagedFile(`its data.mdb has no table ${missing.join(', ')}`);
}
