/** Rows by their session, in their order. */
export function groupBySession<Row extends { readonly sessionId: string }>(
  rows: readonly Row[],
): ReadonlyMap<string, readonly Row[]> {
  const found = new Map<string, Row[]>();
  for (const row of rows) {
    const others = found.get(row.sessionId);
    if (others === undefined) found.set(row.sessionId, [row]);
    else others.push(row);
  }
  return found;
}
