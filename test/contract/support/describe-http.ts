import type { HttpClient } from '../../support/http-client';
import { type RunningHttpServer, startHttpServer } from '../../support/http-server';
import type { RpcClient } from '../../support/rpc-client';
import { type SessionServer, startSessionServer } from '../../support/session-server';
import { type TestDatabase, STORES } from './stores';

/** An HTTP client of one server, and a gRPC client of another, on one database. */
export interface HttpService {
  readonly http: HttpClient;
  readonly grpc: RpcClient;
}

/** Runs the tests of the HTTP API on each store. */
export function describeHttp(subject: string, tests: (service: HttpService) => void): void {
  describe.each(STORES)('$name over HTTP: ' + subject, ({ open }) => {
    let database: TestDatabase;
    let http: RunningHttpServer;
    let grpc: SessionServer;

    beforeAll(async () => {
      database = await open();
      const [first, second] = database.stores;
      http = await startHttpServer(first);
      grpc = await startSessionServer(second);
    });

    afterAll(async () => {
      await http.server.close(1000);
      await grpc.close();
      await database.close();
    });

    tests({
      get http() {
        return http.client;
      },
      get grpc() {
        return grpc.client;
      },
    });
  });
}
