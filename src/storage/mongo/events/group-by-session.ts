import { textsOf } from '../documents/check-row';

/** Groups rows by session, keeping their order. A row with a list of sessions is in the group of each. */
export function groupBySession<Row extends { readonly sessionId: unknown }>(
  rows: readonly Row[],
): ReadonlyMap<string, readonly Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    for (const sessionId of textsOf(row.sessionId)) {
      const group = groups.get(sessionId);
      if (group === undefined) groups.set(sessionId, [row]);
      else group.push(row);
    }
  }
  return groups;
}
