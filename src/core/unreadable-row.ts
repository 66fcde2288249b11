/**
 * A stored row that cannot be read: damaged, missing from a log, or not written by this service. A
 * caller who reads it gets INTERNAL, and the log names the row.
 */
export class UnreadableRowError extends Error {
  override readonly name = 'UnreadableRowError';

  /**
   * @param table the collection or table, such as `conversation_sessions`
   * @param row its IDs, such as `session "call-1", sequence 7`; never its content
   * @param reason such as `its endedAt is not a date`
   */
  constructor(
    readonly table: string,
    readonly row: string,
    reason: string,
  ) {
    super(`the row of ${row} in ${table} cannot be read: ${reason}`);
  }
}

/** Whether a call failed because of such a row. */
export function isUnreadableRow(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof UnreadableRowError;
}
