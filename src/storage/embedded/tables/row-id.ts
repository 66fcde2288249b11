import { randomBytes } from 'node:crypto';

/** Bytes of a row's own id, which is made when the row is. */
export const ROW_ID_BYTES = 12;

/** Told apart from the ids of other runs by 6 random bytes, and from this one's by a count. */
const run = randomBytes(6);
let count = 0;

export function newRowId(): Buffer {
  count += 1;
  const id = Buffer.allocUnsafe(ROW_ID_BYTES);
  run.copy(id);
  id.writeUIntBE(count, 6, 6);
  return id;
}
