import { LOG_KEYS } from './keys';

/** LMDB reads every value into the same shared buffer. A copy in Node's buffer pool costs a third of the library's own copy. */
const encoder = {
  encode: (value: Buffer): Buffer => value,
  decode(shared: Buffer): Buffer {
    const value = Buffer.allocUnsafe(shared.length);
    value.set(shared.subarray(0, shared.length));
    return value;
  },
};

/** For values that are copied only where they are kept: a view of the shared buffer, which the next read overwrites. */
const sharingEncoder = {
  encode: encoder.encode,
  decode: (shared: Buffer): Buffer => Buffer.from(shared.buffer, shared.byteOffset, shared.length),
};

/** The encoding of tables with binary keys and values. */
export const BINARY = { keyEncoding: 'binary', encoder } as const;

/** The encoding of tables with a row per event of a log. A value is valid until the next read of any table. */
export const LOG = { keyEncoder: LOG_KEYS, encoder: sharingEncoder } as const;
