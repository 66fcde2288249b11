import { existsSync, readFileSync } from 'node:fs';
import { DamagedFile } from './damaged-file';
import { writeDurably } from './durable';

/** What identifies a store. It is in a file of its own as well as in the data file, so that each shows the loss of the other. */
export interface Identity {
  /** Version of the layout of keys and values. */
  readonly format: number;
  /** Random. */
  readonly id: string;
}

/** Writes the file of the store with this identity, unless it exists. @throws DamagedFile */
export function keepIdentity(path: string, identity: Identity): void {
  checkIdentity(path, identity);
  if (!existsSync(path)) writeDurably(path, `${JSON.stringify(identity)}\n`);
}

/** @throws DamagedFile if the file exists, but is another store's */
export function checkIdentity(path: string, { id }: Identity): void {
  if (existsSync(path) && readId(path) !== id)
    throw new DamagedFile('its data.mdb and store.json are of different stores');
}

function readId(path: string): unknown {
  try {
    const content: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return typeof content === 'object' && content !== null && 'id' in content ? content.id : undefined;
  } catch (error) {
    throw new DamagedFile('its store.json cannot be read', { cause: error });
  }
}
