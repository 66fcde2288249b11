import { randomUUID } from 'node:crypto';
import type { RpcClient } from '../../support/rpc-client';
import { type SessionServer, startSessionServer } from '../../support/session-server';
import { type TestDatabase, STORES } from './stores';

/** Clients of two servers on one database. */
export interface ContractService {
  readonly client: RpcClient;
  /** A client of the other server. */
  readonly other: RpcClient;
}

/** Runs the tests on each store, through real servers and the generated client. */
export function describeContract(subject: string, tests: (service: ContractService) => void): void {
  describe.each(STORES)('$name: ' + subject, ({ open }) => {
    let database: TestDatabase;
    let servers: readonly [SessionServer, SessionServer];

    beforeAll(async () => {
      database = await open();
      const [first, second] = database.stores;
      servers = [await startSessionServer(first), await startSessionServer(second)];
    });

    afterAll(async () => {
      for (const server of servers) await server.close();
      await database.close();
    });

    tests({
      get client() {
        return servers[0].client;
      },
      get other() {
        return servers[1].client;
      },
    });
  });
}

/** Returns an ID that no other test uses. */
export function newId(): string {
  return `id-${randomUUID()}`;
}

/** Creates a session and returns its ID. */
export async function newSession({ client }: ContractService): Promise<string> {
  const sessionId = newId();
  await client.createSession({ sessionId });
  return sessionId;
}
