import { QUERY_TIMEOUT_MS } from './query-timeout';

/**
 * An acknowledged write is on the disks of a majority. Each write carries this concern itself: a
 * `journal` option in the URI would override the connection's.
 */
export const DURABLE = { w: 'majority', journal: true } as const;

/** The options of a write to a document. */
export const WRITE = { maxTimeMS: QUERY_TIMEOUT_MS, writeConcern: DURABLE } as const;

/** The same, as the fields of a command: the driver converts only the options of its own methods. */
export const WRITE_FIELDS = {
  maxTimeMS: QUERY_TIMEOUT_MS,
  writeConcern: { w: DURABLE.w, j: DURABLE.journal },
} as const;
