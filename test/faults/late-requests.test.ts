import { status as Code } from '@grpc/grpc-js';
import { connect, disconnect } from '../support/connect';
import { HttpClient } from '../support/http-client';
import { type RunningMongod, startReplicaSet } from '../support/mongod';
import { outcomesOf } from '../support/outcomes';
import type { RpcClient } from '../support/rpc-client';
import { endServices, type ServiceProcess, startService } from '../support/service-process';
import { until } from '../support/until';

/** Sessions that are changed late, at the same time. */
const COUNT = 16;

/** How long a caller waits for the frozen server, in milliseconds. */
const PATIENCE_MS = 400;

interface Server {
  readonly service: ServiceProcess;
  readonly client: RpcClient;
  readonly http: HttpClient;
}

let mongod: RunningMongod;

beforeAll(async () => {
  mongod = await startReplicaSet();
}, 60_000);

afterEach(async () => {
  disconnect();
  await endServices();
});

afterAll(() => mongod.stop());

async function start(environment: Readonly<Record<string, string>>): Promise<Server> {
  const { service, port, url } = await startService(environment);
  await until('the server serves', () => service.log.find(({ msg }) => msg === 'the store answers: serving'));
  return { service, client: connect(port), http: new HttpClient(url) };
}

async function createSessions({ client }: Server, prefix: string): Promise<string[]> {
  const ids = Array.from({ length: COUNT }, (_, index) => `${prefix}-${index}`);
  await Promise.all(ids.map((sessionId) => client.createSession({ sessionId })));
  return ids;
}

/** Sends requests to a frozen server, and returns once each caller has given up. */
async function giveUp(requests: readonly Promise<unknown>[]): Promise<void> {
  expect(await outcomesOf(requests)).toEqual(requests.map(() => Code[Code.DEADLINE_EXCEEDED]));
}

/** Returns once the server has done what it had read before: later changes on the same connection are done too. */
async function catchUp({ client }: Server): Promise<void> {
  const sessionId = 'later';
  await client.createSession({ sessionId });
  for (const language of ['de', 'fr', 'it']) await client.updateSession({ sessionId, language });
}

function patience(): { deadline: number } {
  return { deadline: Date.now() + PATIENCE_MS };
}

describe('MongoDB: the callers of a frozen server give up, and others change the sessions through another server', () => {
  let frozen: Server;
  let other: Server;
  let ids: string[];
  let rounds = 0;

  beforeEach(async () => {
    [frozen, other] = await Promise.all([
      start({ MONGODB_URI: mongod.uri }),
      start({ MONGODB_URI: mongod.uri }),
    ]);
    ids = await createSessions(frozen, `round-${++rounds}`);
    await frozen.http.get(`/sessions/${ids[0]}`);
  }, 30_000);

  /** Sends late requests, updates the sessions through the other server, and returns them in the end. */
  async function sessionsAfter(late: (sessionIds: readonly string[]) => Promise<void>) {
    frozen.service.signal('SIGSTOP');
    await late(ids);
    await Promise.all(ids.map((sessionId) => other.client.updateSession({ sessionId, language: 'newer' })));
    frozen.service.signal('SIGCONT');
    await catchUp(frozen);
    const replies = await Promise.all(ids.map((sessionId) => other.client.getSession({ sessionId })));
    return replies.map(({ session }) => ({ language: session?.language, endedAt: session?.endedAt }));
  }

  const unharmed = Array.from({ length: COUNT }, () => ({ language: 'newer', endedAt: undefined }));

  test('no UpdateSession arrives at last', async () => {
    const late = (sessionIds: readonly string[]): Promise<void> =>
      giveUp(
        sessionIds.map((sessionId) =>
          frozen.client.updateSession({ sessionId, language: 'older' }, undefined, patience()),
        ),
      );
    expect(await sessionsAfter(late)).toEqual(unharmed);
  }, 30_000);

  test('no CompleteSession arrives at last', async () => {
    const late = (sessionIds: readonly string[]): Promise<void> =>
      giveUp(sessionIds.map((sessionId) => frozen.client.completeSession({ sessionId }, patience())));
    expect(await sessionsAfter(late)).toEqual(unharmed);
  }, 30_000);

  test('no DeleteSession arrives at last', async () => {
    const late = (sessionIds: readonly string[]): Promise<void> =>
      giveUp(sessionIds.map((sessionId) => frozen.client.deleteSession(sessionId, patience())));
    expect(await sessionsAfter(late)).toEqual(unharmed);
  }, 30_000);

  test('no POST /sessions/ID/complete arrives at last', async () => {
    const late = async (sessionIds: readonly string[]): Promise<void> => {
      const requests = sessionIds.map((sessionId) =>
        frozen.http.send(`/sessions/${sessionId}/complete`, {
          method: 'POST',
          signal: AbortSignal.timeout(PATIENCE_MS),
        }),
      );
      for (const { status } of await Promise.allSettled(requests)) expect(status).toBe('rejected');
    };
    expect(await sessionsAfter(late)).toEqual(unharmed);
  }, 30_000);
});

test('embedded: no UpdateSession arrives after a newer one, if its caller has given up', async () => {
  const server = await start({});
  const ids = await createSessions(server, 'embedded');
  server.service.signal('SIGSTOP');
  const older = ids.map((sessionId) =>
    server.client.updateSession({ sessionId, language: 'older' }, undefined, patience()),
  );
  await giveUp(older);
  const newer = ids.map((sessionId) => server.client.updateSession({ sessionId, language: 'newer' }));
  server.service.signal('SIGCONT');
  await Promise.all(newer);
  await catchUp(server);
  const replies = await Promise.all(ids.map((sessionId) => server.client.getSession({ sessionId })));
  expect(replies.map(({ session }) => session?.language)).toEqual(ids.map(() => 'newer'));
}, 30_000);
