import { ExpiryJob } from '../../src/jobs/expire-sessions';
import { createLogger } from '../../src/telemetry/logger';
import { failureOf } from '../support/call-error';
import { type SessionServer, startSessionServer } from '../support/session-server';
import { until } from '../support/until';
import { newId } from './describe-contract';
import { type TestDatabase, STORES } from './stores';

const RETENTION_MS = 1000;
const NEVER = new AbortController().signal;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe.each(STORES)('$name: retention', ({ open }) => {
  let database: TestDatabase;
  let server: SessionServer;
  let other: SessionServer;
  let forEver: SessionServer;

  beforeAll(async () => {
    database = await open();
    const [first, second] = database.stores;
    server = await startSessionServer(first, { retentionMs: RETENTION_MS });
    other = await startSessionServer(second, { retentionMs: 2 * RETENTION_MS });
    forEver = await startSessionServer(first);
  });

  afterAll(async () => {
    for (const each of [server, other, forEver]) await each.close();
    await database.close();
  });

  async function create(): Promise<string> {
    const sessionId = newId();
    await server.client.createSession({ sessionId });
    return sessionId;
  }

  const isThere = (sessionId: string): Promise<boolean> =>
    forEver.client.getSession({ sessionId }).then(
      () => true,
      (error: unknown) => {
        expect(error).toMatchObject({ info: { reason: 'SESSION_NOT_FOUND' } });
        return false;
      },
    );

  test('expires_at is the start, then the last event, then the end, and the retention of the server that answers', async () => {
    const sessionId = newId();
    const { session: created } = await server.client.createSession({ sessionId });
    const after = (time: Date | undefined, ms: number): Date => new Date((time?.getTime() ?? NaN) + ms);
    expect(created?.expiresAt).toEqual(after(created?.startedAt, RETENTION_MS));
    await pause(2);
    const { event } = await server.client.addEvent({ sessionId, eventId: 'event-1' });
    const begun = after(event?.timestamp, RETENTION_MS);
    expect((await server.client.getSession({ sessionId })).session?.expiresAt).toEqual(begun);
    expect((await server.client.updateSession({ sessionId, language: 'de-DE' })).session?.expiresAt).toEqual(
      begun,
    );
    await pause(2);
    const { session: ended } = await server.client.completeSession({ sessionId });
    const expiresAt = after(ended?.endedAt, RETENTION_MS);
    expect(ended?.expiresAt).toEqual(expiresAt);
    // An event that comes after the end changes nothing of it.
    await pause(2);
    await server.client.addEvent({ sessionId, eventId: 'event-2' });
    const listed = async ({ client }: SessionServer): Promise<Date | undefined> => {
      const { sessions } = await client.listSessions({ pageSize: 1000 });
      return sessions.find((session) => session.sessionId === sessionId)?.expiresAt;
    };
    expect((await server.client.getSession({ sessionId })).session?.expiresAt).toEqual(expiresAt);
    expect(await listed(server)).toEqual(expiresAt);
    expect(await listed(other)).toEqual(after(ended?.endedAt, 2 * RETENTION_MS));
    expect(await listed(forEver)).toBeUndefined();
    expect((await forEver.client.getSession({ sessionId })).session?.expiresAt).toBeUndefined();
  });

  test('two sweeps at once delete what has expired, once, and nothing else', async () => {
    const [first, second] = database.stores;
    const ids = await Promise.all(Array.from({ length: 100 }, create));
    const [ended, begun] = [ids.slice(0, 40), ids.slice(40, 80)];
    const [spoken, endedLately] = [ids.slice(80, 90), ids.slice(90)];
    await Promise.all(ended.map((sessionId) => server.client.completeSession({ sessionId })));
    await Promise.all(ended.map((sessionId) => server.client.addEvent({ sessionId, eventId: 'event-1' })));
    await pause(RETENTION_MS);
    // An event keeps what has not ended, and not what has.
    await Promise.all(
      [...spoken, ...ended].map((sessionId) => other.client.addEvent({ sessionId, eventId: 'event-2' })),
    );
    await Promise.all(endedLately.map((sessionId) => other.client.completeSession({ sessionId })));
    await first.expiry.deleteExpired(60_000, NEVER);
    for (const sessionId of ids) expect(await isThere(sessionId)).toBe(true);

    const counts = await Promise.all([
      first.expiry.deleteExpired(RETENTION_MS, NEVER),
      second.expiry.deleteExpired(RETENTION_MS, NEVER),
    ]);
    // The session of the test before has expired too.
    expect(counts[0] + counts[1]).toBe(ended.length + begun.length + 1);
    const kept = await Promise.all(ids.map(isThere));
    expect(ids.filter((_, index) => kept[index])).toEqual([...spoken, ...endedLately]);
    for (const sessionId of [ended[0] ?? '', begun[0] ?? ''])
      expect(await failureOf(other.client.createSession({ sessionId }))).toMatchObject({
        info: { reason: 'SESSION_DELETED' },
      });
  });

  test('a change that comes beside the sweep keeps the session, or finds it gone', async () => {
    const [store] = database.stores;
    const ids = await Promise.all(Array.from({ length: 60 }, create));
    await pause(RETENTION_MS);
    const sweep = store.expiry.deleteExpired(RETENTION_MS, NEVER);
    const ended = await Promise.all(
      ids.map((sessionId) =>
        server.client.completeSession({ sessionId }).then(
          () => true,
          () => false,
        ),
      ),
    );
    await sweep;
    expect(await Promise.all(ids.map(isThere))).toEqual(ended);
  });

  test('the sweepers of two servers delete in the background', async () => {
    const sessionId = await create();
    await server.client.completeSession({ sessionId });
    const { session } = await server.client.getSession({ sessionId });
    const sweepers = database.stores.map(
      ({ expiry }) => new ExpiryJob(expiry, RETENTION_MS, createLogger('silent')),
    );
    for (const sweeper of sweepers) sweeper.start();
    try {
      await until('it is deleted', async () => ((await isThere(sessionId)) ? undefined : true));
      expect(Date.now()).toBeGreaterThanOrEqual(session?.expiresAt?.getTime() ?? NaN);
    } finally {
      for (const sweeper of sweepers) await sweeper.stop();
    }
  });

  test('a sweep that is under way ends with its server, and leaves the rest', async () => {
    const [store] = database.stores;
    const ids = await Promise.all(Array.from({ length: 1200 }, create));
    await pause(RETENTION_MS);
    const stopping = new AbortController();
    const sweep = store.expiry.deleteExpired(RETENTION_MS, stopping.signal);
    stopping.abort();
    expect(await sweep).toBeLessThan(ids.length);
    await store.expiry.deleteExpired(RETENTION_MS, NEVER);
    expect((await forEver.client.listSessions({ pageSize: 1000 })).sessions).toEqual([]);
  });
});
