import { credentials } from '@grpc/grpc-js';
import { CHANNEL_OPTIONS, connect as connectAsDocumented } from '../../docs/examples/connect';
import { IngestClient } from '../../docs/examples/ingest-client';
import { watchSession } from '../../docs/examples/watch-session';
import type { Event } from '../../generated/conversation/v1/event';
import { SessionStatus } from '../../generated/conversation/v1/session';
import { SessionServiceClient } from '../../generated/conversation/v1/session_service';
import { CallLoad } from '../support/call-load';
import { connect, disconnect, readLog } from '../support/connect';
import { ReplicaSet } from '../support/replica-set';
import { endServices } from '../support/service-process';
import { TwoServers } from '../support/two-servers';
import { until } from '../support/until';

const SESSIONS = ['call-1', 'call-2', 'call-3', 'call-4'];

let set: ReplicaSet;
let servers: TwoServers;

beforeAll(async () => {
  set = await ReplicaSet.start(1);
}, 120_000);

beforeEach(async () => {
  servers = await TwoServers.start(set.uri);
});

afterEach(async () => {
  disconnect();
  await endServices();
});

afterAll(() => set.stop());

/** Waits until this many more calls have succeeded. */
async function moreCalls(load: CallLoad, count = 250): Promise<void> {
  const target = load.answered + count;
  await until('more calls succeed', () => (load.answered >= target ? true : undefined), 20_000);
}

async function createSessions(name: string): Promise<string[]> {
  const ids = SESSIONS.map((session) => `${name}-${session}`);
  for (const sessionId of ids) {
    await connect(servers.ports[0] ?? 0).createSession({
      sessionId,
      status: SessionStatus.SESSION_STATUS_ACTIVE,
    });
  }
  return ids;
}

async function collect(events: AsyncIterable<Event>): Promise<Event[]> {
  const collected: Event[] = [];
  for await (const event of events) collected.push(event);
  return collected;
}

/** Expects each log and its watch to have exactly the acknowledged events, without gaps. */
async function expectWhole(
  sessionIds: readonly string[],
  watched: readonly Event[][],
  { acknowledgements }: CallLoad,
): Promise<void> {
  const client = connect(servers.ports[1] ?? 0);
  for (const [index, sessionId] of sessionIds.entries()) {
    const stored = await readLog(client, sessionId);
    for (const events of [stored, watched[index] ?? []]) {
      expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, at) => at + 1));
      expect(new Map(events.map(({ eventId, sequence }) => [eventId, sequence]))).toEqual(
        acknowledgements.sequences.get(sessionId),
      );
    }
  }
}

/** Restarts each server in turn, twice, under load, and expects all logs to be complete. Returns the load. */
async function restartEach(name: string, signal: NodeJS.Signals, exitCode: number | null): Promise<CallLoad> {
  const sessionIds = await createSessions(name);
  const client = connectAsDocumented(servers.target);
  const ingest = new IngestClient(client);
  const watches = sessionIds.map((sessionId) => collect(watchSession(client, sessionId)));
  const load = new CallLoad(client, sessionIds);
  const running = load.run(ingest);

  await moreCalls(load);
  for (const index of [0, 1, 0, 1]) {
    expect(await servers.restart(index, signal)).toEqual({ code: exitCode });
    await moreCalls(load);
  }
  load.stop();
  await running;
  await ingest.close();
  for (const sessionId of sessionIds) {
    await connect(servers.ports[0] ?? 0).completeSession({ sessionId });
  }
  const watched = await Promise.all(watches);
  client.close();
  await expectWhole(sessionIds, watched, load);
  return load;
}

it('no call fails while each server in turn is restarted', async () => {
  const { failures } = await restartEach('stopped', 'SIGTERM', 0);
  expect(failures).toEqual([]);
}, 120_000);

it('no event is lost while each server in turn is killed, and failed calls are UNAVAILABLE', async () => {
  const { failures } = await restartEach('killed', 'SIGKILL', null);
  // The library does not retry a call whose response has begun.
  for (const failure of failures) expect(failure).toMatch(/^UNAVAILABLE: /);
}, 120_000);

it('the documented policy is needed: with round_robin alone, calls fail when a server stops', async () => {
  const sessionIds = await createSessions('unprotected');
  const client = new SessionServiceClient(servers.target, credentials.createInsecure(), {
    ...CHANNEL_OPTIONS,
    'grpc.service_config': JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
  });
  const ingest = new IngestClient(client);
  const load = new CallLoad(client, sessionIds);
  const running = load.run(ingest);
  await moreCalls(load);
  for (let restarts = 0; load.failures.length === 0 && restarts < 8; restarts += 1) {
    await servers.restart(restarts % 2, 'SIGTERM');
    await moreCalls(load);
  }
  load.stop();
  await running;
  await ingest.close();
  client.close();

  expect(load.failures).not.toEqual([]);
  for (const failure of load.failures) expect(failure).toMatch(/^UNAVAILABLE: /);
}, 120_000);
