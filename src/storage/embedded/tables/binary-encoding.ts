import type { Transaction } from 'lmdb';

/**
 * The encoding of tables with binary keys and values. LMDB reads every value into the same shared
 * buffer. A copy in Node's buffer pool costs a third of the library's own copy.
 */
export const BINARY = {
  keyEncoding: 'binary',
  encoder: {
    encode: (value: Buffer): Buffer => value,
    decode(shared: Buffer): Buffer {
      const value = Buffer.allocUnsafe(shared.length);
      value.set(shared.subarray(0, shared.length));
      return value;
    },
  },
} as const;

/** What to read from: a snapshot or, without one, the current write transaction. */
export interface ReadFrom {
  readonly transaction?: Transaction;
}
