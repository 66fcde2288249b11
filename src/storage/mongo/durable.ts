/**
 * An acknowledged write is on the disks of a majority. Each write carries this concern itself: a
 * `journal` option in the URI would override the connection's.
 */
export const DURABLE = { w: 'majority', journal: true } as const;
