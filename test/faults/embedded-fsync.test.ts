import { setImmediate } from 'node:timers/promises';
import { failureOf } from '../support/call-error';
import { FsyncShim, monotonicUs, type Sync, SYNC_CALLS } from '../support/fsync-shim';
import { endServices, type ServiceProcess, startService, temporaryFolder } from '../support/service-process';
import { connect, disconnect, readLog } from '../support/connect';
import { outcomesOf } from '../support/outcomes';
import type { RpcClient } from '../support/rpc-client';
import { until } from '../support/until';

const SESSION = 'call-1';
const DELAY_MS = 500;

afterEach(async () => {
  disconnect();
  await endServices();
});

interface RunningService {
  readonly shim: FsyncShim;
  readonly service: ServiceProcess;
  readonly client: RpcClient;
  readonly folder: string;
}

async function start(): Promise<RunningService> {
  const folder = temporaryFolder();
  const shim = await FsyncShim.build(folder);
  const { service, port } = await startService({ ...shim.environment, LOG_LEVEL: 'debug' }, folder);
  return { shim, service, client: connect(port), folder };
}

/** Waits for the first sync after those in `before`. */
async function nextSync(shim: FsyncShim, before: readonly Sync[]): Promise<Sync> {
  return until('a sync starts', () => shim.syncs[before.length]);
}

interface Timed<Reply> {
  readonly sentAt: number;
  readonly answeredAt: number;
  readonly reply: Reply;
}

async function timed<Reply>(send: () => Promise<Reply>): Promise<Timed<Reply>> {
  const sentAt = monotonicUs();
  const reply = await send();
  return { sentAt, answeredAt: monotonicUs(), reply };
}

/** Expects both syncs of a commit to start after the call was sent, and to end before it was answered. */
function expectSyncedBetween({ sentAt, answeredAt }: Timed<unknown>, syncs: readonly Sync[]): void {
  const between = syncs.filter(
    ({ beganAt, endedAt = Infinity, failed }) => !failed && sentAt < beganAt && endedAt < answeredAt,
  );
  expect(between.map(({ call }) => call)).toEqual(expect.arrayContaining([...SYNC_CALLS]));
}

describe('with a slow disk', () => {
  it('acknowledges no write before its commit is synced', async () => {
    const { shim, client } = await start();
    shim.configure({ delayMs: DELAY_MS });
    const writes: (() => Promise<unknown>)[] = [
      () => client.createSession({ sessionId: SESSION }),
      () => client.addEvent({ sessionId: SESSION, eventId: 'event-1' }),
      () => client.completeSession({ sessionId: SESSION }),
    ];
    for (const write of writes) {
      const call = await timed(write);
      expectSyncedBetween(call, shim.syncs);
      expect(call.answeredAt - call.sentAt).toBeGreaterThanOrEqual(SYNC_CALLS.length * DELAY_MS * 1000);
    }
  });

  it('serves reads during a sync, without the events that are not synced yet', async () => {
    const { shim, client } = await start();
    await client.createSession({ sessionId: SESSION });
    await client.addEvent({ sessionId: SESSION, eventId: 'event-1' });
    shim.configure({ delayMs: 2000 });
    const before = shim.syncs;
    const adding = timed(() => client.addEvent({ sessionId: SESSION, eventId: 'event-2' }));
    await nextSync(shim, before);
    const reading = await timed(() => client.getSession({ sessionId: SESSION }));
    const added = await adding;

    expect(shim.syncs[before.length]?.endedAt).toBeGreaterThan(reading.answeredAt);
    expect(reading.reply.events.map(({ eventId }) => eventId)).toEqual(['event-1']);
    expect(reading.reply.session?.eventCount).toBe(1);
    expectSyncedBetween(added, shim.syncs);
    expect((await readLog(client, SESSION)).map(({ eventId }) => eventId)).toEqual(['event-1', 'event-2']);
  });

  it('groups writes that arrive during a sync into one commit', async () => {
    const { shim, client } = await start();
    const sessions = ['call-1', 'call-2', 'call-3', 'call-4'];
    for (const sessionId of sessions) await client.createSession({ sessionId });
    shim.configure({ delayMs: DELAY_MS });
    const before = shim.syncs;
    const first = timed(() => client.addEvent({ sessionId: SESSION, eventId: 'first' }));
    await nextSync(shim, before);
    const adding = Array.from({ length: 200 }, (_, index) =>
      timed(() =>
        client.addEvent({
          sessionId: sessions[index % sessions.length] ?? SESSION,
          eventId: `event-${index}`,
        }),
      ),
    );
    const added = await Promise.all([first, ...adding]);

    const syncs = shim.syncs.slice(before.length);
    for (const call of added) expectSyncedBetween(call, syncs);
    const commits = syncs.filter(({ call }) => call === 'fdatasync').length;
    expect(commits).toBeGreaterThanOrEqual(2);
    expect(commits).toBeLessThanOrEqual(6);
  });
});

describe.each(SYNC_CALLS)('when %s fails', (failing) => {
  // After one failed sync, a disk may report success although it lost pages.
  it.each([
    ['always', undefined],
    ['once', 1],
  ])('%s, the service acknowledges no more writes, and exits', async (_, times) => {
    const { shim, service, client, folder } = await start();
    await client.createSession({ sessionId: SESSION });
    const acknowledged = Array.from({ length: 20 }, (__, index) => `event-${index}`);
    for (const eventId of acknowledged) await client.addEvent({ sessionId: SESSION, eventId });

    shim.configure({ delayMs: DELAY_MS, failing, ...(times === undefined ? {} : { times }) });
    const lost = Array.from({ length: 10 }, (__, index) => `lost-${index}`);
    const add = (eventId: string): Promise<unknown> => client.addEvent({ sessionId: SESSION, eventId });
    const before = shim.syncs;
    const inFlight = failureOf(add('lost-0'));
    await nextSync(shim, before);
    const queued = [
      ...lost.map(add),
      client.createSession({ sessionId: 'call-2' }),
      client.completeSession({ sessionId: SESSION }),
    ].map(failureOf);
    expect((await inFlight).info?.reason).toBe('STORE_UNAVAILABLE');
    expect(shim.syncs.filter(({ failed }) => failed).map(({ call }) => call)).toContain(failing);

    const running = { untilExit: service.exit.then(() => false), still: true };
    while (running.still) {
      const calls = [...lost.map(add), client.getSession({ sessionId: SESSION })];
      expect(new Set(await outcomesOf(calls))).toEqual(new Set(['UNAVAILABLE']));
      running.still = await Promise.race([running.untilExit, setImmediate(true)]);
    }
    for (const { info } of await Promise.all(queued)) expect(info?.reason).toBe('STORE_UNAVAILABLE');
    const { code, signal, stderr } = await service.exit;
    expect({ code, signal }).toEqual({ code: 1, signal: null });
    // Node.js prints its version when an uncaught error ends the process.
    expect(stderr).not.toContain('Node.js v');
    const lines = service.log.filter(({ level }) => level === 60);
    expect(lines.map(({ msg }) => msg)).toEqual([
      'the embedded store could not commit to its disk: check the disk, run npm run check-store, then restart',
    ]);
    await expectRecovery(folder, acknowledged, lost);
  });
});

/** Restarts on a working disk; expects the log to start with the acknowledged events, and to accept the others. */
async function expectRecovery(
  folder: string,
  acknowledged: readonly string[],
  lost: readonly string[],
): Promise<void> {
  const { port } = await startService({}, folder);
  const client = connect(port);
  const stored = await readLog(client, SESSION);
  expect(stored.slice(0, acknowledged.length).map(({ eventId }) => eventId)).toEqual(acknowledged);
  for (const eventId of lost) await client.addEvent({ sessionId: SESSION, eventId });
  const events = await readLog(client, SESSION);
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
  expect(events.map(({ eventId }) => eventId)).toEqual([...acknowledged, ...lost]);
  const again = await client.createSession({ sessionId: 'call-2' });
  expect(again.session?.eventCount).toBe(0);
}
