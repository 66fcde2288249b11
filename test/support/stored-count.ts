import type { RpcClient } from './rpc-client';

/** Returns the total number of events in these sessions. */
export async function storedCount(client: RpcClient, sessionIds: readonly string[]): Promise<number> {
  const pages = await Promise.all(sessionIds.map((sessionId) => client.getSession({ sessionId, limit: 1 })));
  return pages.reduce((sum, { pagination }) => sum + (pagination?.total ?? 0), 0);
}
