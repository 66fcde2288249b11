import type { Event } from '../../generated/conversation/v1/event';
import { type Caller, RpcClient } from './rpc-client';

const clients: RpcClient[] = [];

/** Returns a client of the service on this port; `disconnect` closes it. */
export function connect(port: number, caller: Caller = {}): RpcClient {
  const client = new RpcClient(port, caller);
  clients.push(client);
  return client;
}

/** For `afterEach`: closes all clients, because open channels keep the process alive. */
export function disconnect(): void {
  for (const client of clients.splice(0)) client.close();
}

/** Reads a session's whole log, page by page. */
export async function readLog(client: RpcClient, sessionId: string): Promise<Event[]> {
  const events: Event[] = [];
  for (;;) {
    const page = await client.getSession({ sessionId, offset: events.length, limit: 1000 });
    events.push(...page.events);
    if (page.pagination?.hasMore !== true) return events;
  }
}
