import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { connect, disconnect, readLog } from '../support/connect';
import { buildGoClient, GoClient } from '../support/go-client';
import { ReplicaSet } from '../support/replica-set';
import { endServices, temporaryFolder } from '../support/service-process';
import { TwoServers } from '../support/two-servers';

const POLICY = resolve(__dirname, '..', '..', 'docs', 'retry-policy.json');

let set: ReplicaSet;
let servers: TwoServers;
let client: GoClient;

beforeAll(async () => {
  set = await ReplicaSet.start(1);
}, 60_000);

afterEach(async () => {
  client.kill();
  disconnect();
  await endServices();
});

afterAll(() => set.stop());

/** Starts two servers, and a Go client that calls both with this policy. */
async function start(policy: string): Promise<void> {
  const program = await buildGoClient(temporaryFolder());
  servers = await TwoServers.start(set.uri);
  client = new GoClient(program, servers.ports, policy);
  await client.moreCalls();
}

test('no call of a Go client fails while each server in turn is restarted', async () => {
  await start(POLICY);
  for (const index of [0, 1, 0, 1]) {
    await servers.restart(index, 'SIGTERM');
    await client.moreCalls();
  }
  expect(await client.end()).toEqual([]);
  const events = await readLog(connect(servers.ports[0] ?? 0), 'go-1');
  expect(events.length).toBeGreaterThan(100);
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, at) => at + 1));
  expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(events.length);
}, 360_000);

test('the policy is needed: with round_robin alone, calls fail', async () => {
  const roundRobinOnly = join(temporaryFolder(), 'policy.json');
  writeFileSync(roundRobinOnly, JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }));
  await start(roundRobinOnly);
  for (let restarts = 0; client.failures.length === 0 && restarts < 8; restarts += 1) {
    await servers.restart(restarts % 2, 'SIGTERM');
    await client.moreCalls();
  }
  const failures = await client.end();
  expect(failures).not.toEqual([]);
  for (const failure of failures) expect(failure).toContain('code = Unavailable');
}, 360_000);
