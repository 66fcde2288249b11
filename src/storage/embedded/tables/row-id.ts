import { randomBytes } from 'node:crypto';

/** Bytes of a row's ID. */
export const ROW_ID_BYTES = 12;

/** 6 random bytes distinguish the IDs of different processes, a counter those of one process. */
const prefix = randomBytes(6);
let count = 0;

export function newRowId(): Buffer {
  count += 1;
  const id = Buffer.allocUnsafe(ROW_ID_BYTES);
  prefix.copy(id);
  id.writeUIntBE(count, 6, 6);
  return id;
}
