import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type ServiceError, status as Code } from '@grpc/grpc-js';
import { connect } from '../../docs/examples/connect';
import {
  type AddEventResponse,
  type SessionServiceClient,
  SessionServiceService,
} from '../../generated/conversation/v1/session_service';
import { overloaded, sequenceMismatch, storageFull, storeUnavailable } from '../../src/core/errors';
import { HeldStore } from '../support/held-store';
import { type SessionServer, startSessionServer } from '../support/session-server';

interface MethodConfig {
  readonly name: readonly { readonly service: string; readonly method: string }[];
  readonly waitForReady: boolean;
  readonly timeout?: string;
  readonly retryPolicy?: { readonly maxAttempts: number; readonly retryableStatusCodes: readonly string[] };
}

const { methodConfig } = JSON.parse(
  readFileSync(resolve(__dirname, '..', '..', 'docs', 'retry-policy.json'), 'utf8'),
) as { methodConfig: readonly MethodConfig[] };

const isStream = ({ requestStream, responseStream }: (typeof METHODS)[number]): boolean =>
  requestStream || responseStream;
const METHODS = Object.values(SessionServiceService);

/** Codes after which a client may always retry the same call. */
const RETRYABLE = new Set(['UNAVAILABLE', 'RESOURCE_EXHAUSTED']);

describe('the policy', () => {
  it('names every method once', () => {
    const named = methodConfig.flatMap(({ name }) =>
      name.map(({ service, method }) => `/${service}/${method}`),
    );
    expect([...named].sort()).toEqual(METHODS.map(({ path }) => path).sort());
  });

  it.each(METHODS.map((method) => [method.path, method] as const))(
    'retries %s up to the clients’ limit, for retryable codes only; streams are not retried',
    (path, method) => {
      const config = methodConfig.find(({ name }) =>
        name.some((one) => `/${one.service}/${one.method}` === path),
      );
      expect(config?.waitForReady).toBe(true);
      expect(config?.timeout).toBe(isStream(method) ? undefined : '10s');
      expect(config?.retryPolicy?.maxAttempts).toBe(isStream(method) ? undefined : 5);
      const codes = config?.retryPolicy?.retryableStatusCodes ?? [];
      expect(codes.length > 0).toBe(!isStream(method));
      for (const code of codes) expect(RETRYABLE).toContain(code);
    },
  );
});

describe('a client with the policy', () => {
  let store: HeldStore;
  let server: SessionServer;
  let client: SessionServiceClient;

  beforeEach(async () => {
    store = new HeldStore();
    server = await startSessionServer(store);
    client = connect(`ipv4:127.0.0.1:${server.port}`);
  });

  afterEach(async () => {
    client.close();
    await server.close();
  });

  const add = (): Promise<AddEventResponse | ServiceError> =>
    new Promise((resolve) => {
      const event = { sessionId: 'one', eventId: 'a', type: 'transcript', payload: {} };
      client.addEvent(event, (error, added) => resolve(error ?? added));
    });

  test.each([
    { error: storeUnavailable(), minimumMs: 1000 },
    { error: overloaded(), minimumMs: 500 },
  ])(
    'retries a call that ends with $error.reason, not before the delay that the server gives',
    async (failure) => {
      const { error, minimumMs } = failure;
      const startedAt = performance.now();
      const adding = add();
      const [first] = await store.reached(1);
      first?.fail(error);
      const [, second] = await store.reached(2);
      expect(performance.now() - startedAt).toBeGreaterThanOrEqual(minimumMs - 1);
      second?.succeed();
      expect(await adding).toMatchObject({ event: { eventId: 'a' } });
    },
  );

  test.each([storageFull(), sequenceMismatch(1, 2)])(
    'does not retry a call that ends with $reason',
    async (error) => {
      const adding = add();
      const [only] = await store.reached(1);
      only?.fail(error);
      expect(await adding).toMatchObject({ details: error.message });
      expect(store.appends).toHaveLength(1);
    },
  );

  it('retries a batch of 3 MiB too: the client buffers it until it is answered', async () => {
    const payload = { text: 'x'.repeat(1_000_000) };
    const events = ['a', 'b', 'c'].map((eventId) => ({ eventId, type: 'transcript', payload }));
    const adding = new Promise((resolve) => {
      client.batchAddEvents({ sessionId: 'one', events }, (error, added) => resolve(error ?? added));
    });
    const [first] = await store.reached(1);
    first?.fail(overloaded());
    const [, second] = await store.reached(2);
    second?.succeed();
    expect(await adding).toMatchObject({ results: [{}, {}, {}] });
  });

  it('tries five times', async () => {
    const adding = add();
    for (let tries = 1; tries <= 5; tries += 1) (await store.reached(tries)).at(-1)?.fail(overloaded());
    expect(await adding).toMatchObject({ code: Code.RESOURCE_EXHAUSTED });
    expect(store.appends).toHaveLength(5);
  });
});
