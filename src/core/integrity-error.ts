/**
 * The store answers, but lacks something without which a write could be lost or stored twice. The
 * cause of a STORE_UNAVAILABLE that lasts until the store is repaired.
 */
export class IntegrityError extends Error {
  override readonly name = 'IntegrityError';
}
