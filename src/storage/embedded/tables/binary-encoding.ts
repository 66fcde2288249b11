import type { Transaction } from 'lmdb';

/**
 * Bytes keyed by bytes. LMDB reads each value into one buffer of its own, which is longer than its
 * `length` says: the copy comes from Node's pool, at a third of what the library's own copies cost.
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

/** What is read from: a snapshot, or (none) the write transaction that the caller is in. */
export interface ReadFrom {
  readonly transaction?: Transaction;
}
