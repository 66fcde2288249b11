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

/** Stores the identity in its file or, if there is one, compares it. @throws DamagedFile */
export function matchIdentity(path: string, { format, id }: Identity): void {
  if (!existsSync(path)) {
    writeDurably(path, `${JSON.stringify({ format, id })}\n`);
  } else if (readId(path) !== id) {
    throw new DamagedFile('its data.mdb and store.json are of different stores');
  }
}

function readId(path: string): unknown {
  try {
    const content: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return typeof content === 'object' && content !== null && 'id' in content ? content.id : undefined;
  } catch (error) {
    throw new DamagedFile('its store.json cannot be read', { cause: error });
  }
}
