import { ExpiryJob } from '../../../src/jobs/expire-sessions';
import { createLogger } from '../../../src/telemetry/logger';
import { failureOf } from '../../support/call-error';
import { type SessionServer, startSessionServer } from '../../support/session-server';
import { until } from '../../support/until';
import { newId } from '../support/describe-contract';
import { type TestDatabase, STORES } from '../support/stores';

const RETENTION_MS = 1000;
const NEVER = new AbortController().signal;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe.each(STORES)('$name: retention', ({ open }) => {
  let database: TestDatabase;
  let server: SessionServer;
  let other: SessionServer;
  let unlimited: SessionServer;

  beforeAll(async () => {
    database = await open();
    const [first, second] = database.stores;
    server = await startSessionServer(first, { retentionMs: RETENTION_MS });
    other = await startSessionServer(second, { retentionMs: 2 * RETENTION_MS });
    unlimited = await startSessionServer(first);
  });

  afterAll(async () => {
    for (const each of [server, other, unlimited]) await each.close();
    await database.close();
  });

  async function create(): Promise<string> {
    const sessionId = newId();
    await server.client.createSession({ sessionId });
    return sessionId;
  }

  const exists = (sessionId: string): Promise<boolean> =>
    unlimited.client.getSession({ sessionId }).then(
      () => true,
      (error: unknown) => {
        expect(error).toMatchObject({ info: { reason: 'SESSION_NOT_FOUND' } });
        return false;
      },
    );

  test('expires_at is the last activity plus the retention of the answering server', async () => {
    const after = (time: Date | undefined, ms: number): Date => new Date((time?.getTime() ?? NaN) + ms);
    const expiry = async ({ client }: SessionServer): Promise<Date | undefined> =>
      (await client.getSession({ sessionId })).session?.expiresAt;
    const listed = async ({ client }: SessionServer): Promise<Date | undefined> => {
      const { sessions } = await client.listSessions({ pageSize: 1000 });
      return sessions.find((session) => session.sessionId === sessionId)?.expiresAt;
    };
    const sessionId = newId();
    const { session: created } = await server.client.createSession({ sessionId });
    expect(created?.expiresAt).toEqual(after(created?.startedAt, RETENTION_MS));

    await pause(2);
    const { event } = await server.client.addEvent({ sessionId, eventId: 'event-1' });
    expect(await expiry(server)).toEqual(after(event?.timestamp, RETENTION_MS));

    await pause(2);
    const { session: updated } = await server.client.updateSession({ sessionId, language: 'de-DE' });
    const afterUpdate = updated?.expiresAt?.getTime() ?? NaN;
    expect(afterUpdate).toBeGreaterThan((event?.timestamp?.getTime() ?? NaN) + RETENTION_MS);
    // An update that changes nothing is no activity.
    await server.client.updateSession({ sessionId, language: 'de-DE' });
    expect((await expiry(server))?.getTime()).toBe(afterUpdate);

    await pause(2);
    const { session: ended } = await server.client.completeSession({ sessionId });
    expect(ended?.expiresAt).toEqual(after(ended?.endedAt, RETENTION_MS));
    await pause(2);
    const { event: late } = await server.client.addEvent({ sessionId, eventId: 'event-2' });
    expect(await expiry(server)).toEqual(after(late?.timestamp, RETENTION_MS));
    expect(await listed(server)).toEqual(after(late?.timestamp, RETENTION_MS));
    expect(await listed(other)).toEqual(after(late?.timestamp, 2 * RETENTION_MS));
    expect(await listed(unlimited)).toBeUndefined();
    expect(await expiry(unlimited)).toBeUndefined();
  });

  test('two concurrent runs delete each expired session once, and nothing else', async () => {
    const [first, second] = database.stores;
    const ids = await Promise.all(Array.from({ length: 100 }, create));
    const [ended, idle] = [ids.slice(0, 40), ids.slice(40, 70)];
    const [active, updated, endedRecently] = [ids.slice(70, 80), ids.slice(80, 90), ids.slice(90)];
    const [endedActive, endedIdle] = [ended.slice(0, 10), ended.slice(10)];
    await Promise.all(ended.map((sessionId) => server.client.completeSession({ sessionId })));
    await Promise.all(ended.map((sessionId) => server.client.addEvent({ sessionId, eventId: 'event-1' })));
    // The runs use a retention that ends here, well before the activity that follows, however slow the machine is.
    const cutoff = Date.now();
    await pause(RETENTION_MS);
    await Promise.all(
      [...active, ...endedActive].map((sessionId) =>
        other.client.addEvent({ sessionId, eventId: 'event-2' }),
      ),
    );
    await Promise.all(
      updated.map((sessionId) => other.client.updateSession({ sessionId, language: 'de-DE' })),
    );
    await Promise.all(endedRecently.map((sessionId) => other.client.completeSession({ sessionId })));
    await first.expiry.deleteExpired(60_000, NEVER);
    expect(await Promise.all(ids.map(exists))).toEqual(ids.map(() => true));

    const retentionMs = Date.now() - cutoff;
    const counts = await Promise.all([
      first.expiry.deleteExpired(retentionMs, NEVER),
      second.expiry.deleteExpired(retentionMs, NEVER),
    ]);
    // The session of the previous test has expired too.
    expect(counts[0] + counts[1]).toBe(endedIdle.length + idle.length + 1);
    const kept = await Promise.all(ids.map(exists));
    expect(ids.filter((_, index) => kept[index])).toEqual([
      ...endedActive,
      ...active,
      ...updated,
      ...endedRecently,
    ]);
    for (const sessionId of [endedIdle[0] ?? '', idle[0] ?? ''])
      expect(await failureOf(other.client.createSession({ sessionId }))).toMatchObject({
        info: { reason: 'SESSION_DELETED' },
      });
  });

  test('a completion concurrent with expiry keeps the session or gets NOT_FOUND', async () => {
    const [store] = database.stores;
    const ids = await Promise.all(Array.from({ length: 60 }, create));
    await pause(RETENTION_MS);
    const run = store.expiry.deleteExpired(RETENTION_MS, NEVER);
    const ended = await Promise.all(
      ids.map((sessionId) =>
        server.client.completeSession({ sessionId }).then(
          () => true,
          () => false,
        ),
      ),
    );
    await run;
    expect(await Promise.all(ids.map(exists))).toEqual(ended);
  });

  test('the expiry jobs of two servers delete in the background', async () => {
    const sessionId = await create();
    await server.client.completeSession({ sessionId });
    const { session } = await server.client.getSession({ sessionId });
    const jobs = database.stores.map(
      ({ expiry }) => new ExpiryJob(expiry, RETENTION_MS, createLogger('silent')),
    );
    for (const job of jobs) job.start();
    try {
      await until('the session is deleted', async () => ((await exists(sessionId)) ? undefined : true));
      expect(Date.now()).toBeGreaterThanOrEqual(session?.expiresAt?.getTime() ?? NaN);
    } finally {
      for (const job of jobs) await job.stop();
    }
  });

  test('an abort stops a running expiry; the next run deletes the rest', async () => {
    const [store] = database.stores;
    const ids = await Promise.all(Array.from({ length: 1200 }, create));
    await pause(RETENTION_MS);
    const stopping = new AbortController();
    const run = store.expiry.deleteExpired(RETENTION_MS, stopping.signal);
    stopping.abort();
    expect(await run).toBeLessThan(ids.length);
    await store.expiry.deleteExpired(RETENTION_MS, NEVER);
    expect((await unlimited.client.listSessions({ pageSize: 1000 })).sessions).toEqual([]);
  });
});
