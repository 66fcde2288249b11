/** The stores to measure. */
export const STORE_NAMES = ['embedded', 'mongodb'] as const;

export type StoreName = (typeof STORE_NAMES)[number];
