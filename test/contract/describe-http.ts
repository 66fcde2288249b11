import type { HttpClient } from '../support/http-client';
import { type RunningHttpServer, startHttpServer } from '../support/http-server';
import type { RpcClient } from '../support/rpc-client';
import { type SessionServer, startSessionServer } from '../support/session-server';
import { type TestDatabase, STORES } from './stores';

/** The HTTP face of one server, and the gRPC face of another, on one database. */
export interface HttpService {
  readonly http: HttpClient;
  readonly grpc: RpcClient;
}

/** Runs the rules of the HTTP face on each store. */
export function describeHttp(subject: string, rules: (service: HttpService) => void): void {
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

    rules({
      get http() {
        return http.client;
      },
      get grpc() {
        return grpc.client;
      },
    });
  });
}
