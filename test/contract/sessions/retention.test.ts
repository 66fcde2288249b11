import pino from 'pino';
import type { Clocks } from '../../../src/jobs/clock-check';
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
    await first.expiry.deleteInactive(new Date(cutoff - 60_000), NEVER);
    expect(await Promise.all(ids.map(exists))).toEqual(ids.map(() => true));

    const since = new Date(cutoff);
    const counts = await Promise.all([
      first.expiry.deleteInactive(since, NEVER),
      second.expiry.deleteInactive(since, NEVER),
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

  test('activity that is acknowledged before the deletion keeps the session, with all of its events', async () => {
    const [store] = database.stores;
    const ids = await Promise.all(Array.from({ length: 300 }, create));
    let swept = false;
    const sweep = store.expiry.deleteInactive(new Date(), NEVER).then(() => (swept = true));
    /** Uses the session from some moment of the sweep until it ends or a write fails. Returns what was acknowledged. */
    const use = async (sessionId: string, index: number): Promise<{ changed: boolean; events: string[] }> => {
      const { client } = index % 2 === 0 ? server : other;
      const acknowledged = { changed: false, events: [] as string[] };
      await Promise.race([sweep, pause((index / ids.length) * 10_000)]);
      try {
        if (index % 3 === 1) await client.updateSession({ sessionId, language: 'de-DE' });
        if (index % 3 === 2) await client.completeSession({ sessionId });
        acknowledged.changed = index % 3 > 0;
        while (index % 3 === 0 && !swept) {
          const eventId = `event-${acknowledged.events.length}`;
          await client.addEvent({ sessionId, eventId });
          acknowledged.events.push(eventId);
          await Promise.race([sweep, pause(300)]);
        }
      } catch (error) {
        expect(error).toMatchObject({ info: { reason: 'SESSION_NOT_FOUND' } });
      }
      return acknowledged;
    };
    const acknowledged = await Promise.all(ids.map(use));
    await sweep;
    const stored = await Promise.all(
      ids.map((sessionId) =>
        unlimited.client.getSession({ sessionId, limit: 1000 }).then(
          ({ session, events }) => ({
            changed: session?.language === 'de-DE' || session?.endedAt !== undefined,
            events: events.map(({ eventId }) => eventId),
          }),
          () => ({ changed: false, events: [] }),
        ),
      ),
    );
    expect(stored).toEqual(acknowledged);
  }, 60_000);

  test('the expiry jobs of two servers delete in the background', async () => {
    const sessionId = await create();
    await server.client.completeSession({ sessionId });
    const { session } = await server.client.getSession({ sessionId });
    const jobs = database.stores.map(
      ({ expiry }) => new ExpiryJob(expiry, RETENTION_MS, createLogger('silent')),
    );
    for (const job of jobs) job.start();
    try {
      await until(
        'the session is deleted',
        async () => ((await exists(sessionId)) ? undefined : true),
        30_000,
      );
      expect(Date.now()).toBeGreaterThanOrEqual(session?.expiresAt?.getTime() ?? NaN);
    } finally {
      for (const job of jobs) await job.stop();
    }
  });

  describe('a wrong clock', () => {
    const AHEAD_MS = 100 * 24 * 3600 * 1000;

    /** Runs a job, and adds an event to a session again and again until `until` resolves. */
    async function keepAlive(
      clocks: Clocks,
      untilDone: (warnings: readonly string[]) => Promise<unknown>,
    ): Promise<{ kept: boolean; warnings: readonly string[] }> {
      const sessionId = await create();
      const warnings: string[] = [];
      const logger = pino({ level: 'warn' }, { write: (line) => void warnings.push(line) });
      const job = new ExpiryJob(database.stores[0].expiry, RETENTION_MS, logger, clocks);
      job.start();
      const ended = new AbortController();
      const finished = untilDone(warnings).finally(() => ended.abort());
      for (let count = 1; !ended.signal.aborted; count += 1) {
        await server.client.addEvent({ sessionId, eventId: `event-${count}` });
        await pause(50);
      }
      await finished;
      await job.stop();
      return { kept: await exists(sessionId), warnings };
    }

    test('a clock that is ahead when the server starts, and is then set right, deletes no live session', async () => {
      let ahead = AHEAD_MS;
      const clocks = { now: () => Date.now() + ahead, monotonic: () => performance.now() };
      const { kept, warnings } = await keepAlive(clocks, async () => {
        await pause(RETENTION_MS / 2);
        ahead = 0;
        await pause(2 * RETENTION_MS);
      });
      expect(kept).toBe(true);
      expect(warnings.join('')).toMatch(/no expired session is deleted: the clock (jumped|differs)/);
    });

    test('a clock that jumps ahead for a moment deletes no live session', async () => {
      let ahead = 0;
      const clocks = { now: () => Date.now() + ahead, monotonic: () => performance.now() };
      const { kept, warnings } = await keepAlive(clocks, async (logged) => {
        await pause(2 * RETENTION_MS);
        ahead = AHEAD_MS;
        await until('a sweep finds the clock wrong', () => logged[0], 30_000);
        ahead = 0;
        await pause(2 * RETENTION_MS);
      });
      expect(kept).toBe(true);
      expect(warnings.join('')).toMatch(/the clock jumped by 8640000 s since the last sweep/);
    }, 60_000);
  });

  test('an abort stops a running expiry; the next run deletes the rest', async () => {
    const [store] = database.stores;
    const ids = await Promise.all(Array.from({ length: 300 }, create));
    await pause(RETENTION_MS);
    const stopping = new AbortController();
    const run = store.expiry.deleteInactive(new Date(), stopping.signal);
    stopping.abort();
    expect(await run).toBeLessThan(ids.length);
    await store.expiry.deleteInactive(new Date(), NEVER);
    expect((await unlimited.client.listSessions({ pageSize: 1000 })).sessions).toEqual([]);
  });
});
