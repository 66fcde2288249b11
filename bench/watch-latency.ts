import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILT_SERVICE, buildService } from '../test/support/built-service';
import { ReplicaSet } from '../test/support/replica-set';
import { RpcClient } from '../test/support/rpc-client';
import { until } from '../test/support/until';
import { ServerProcess } from './server-process';
import { textTable } from './text-table';

const ADDS = 100;
const PAUSE_MS = 20;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Adds events through one server, one after the other, and takes down how long after each acknowledgement the watches of another have it. */
async function measure(
  adder: RpcClient,
  watcher: RpcClient,
  watchers: number,
): Promise<{ p50: number; p99: number }> {
  const sessionId = `watched-${watchers}-${Math.random()}`;
  await adder.createSession({ sessionId });
  const arrivals = new Map<number, number[]>();
  const watches = Array.from({ length: watchers }, () => watcher.watchSession({ sessionId }));
  for (const watch of watches) {
    await watch.caughtUp();
    watch.onEvent = ({ sequence }) => arrivals.get(sequence)?.push(performance.now());
  }
  const waits: number[] = [];
  for (let sequence = 1; sequence <= ADDS; sequence += 1) {
    const arrived: number[] = [];
    arrivals.set(sequence, arrived);
    await adder.addEvent({ sessionId, eventId: `e${sequence}`, payload: { text: 'what was said' } });
    const acknowledgedAt = performance.now();
    await until('all have it', () => (arrived.length === watchers ? true : undefined));
    waits.push(...arrived.map((at) => Math.max(0, at - acknowledgedAt)));
    await pause(PAUSE_MS);
  }
  for (const watch of watches) watch.cancel();
  const sorted = Float64Array.from(waits).sort();
  const at = (share: number): number => sorted[Math.floor((sorted.length - 1) * share)] ?? NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

async function main(): Promise<void> {
  await buildService();
  const folder = mkdtempSync(join(tmpdir(), 'watch-'));
  const set = await ReplicaSet.start(1);
  const start = (environment: Record<string, string>): Promise<ServerProcess> =>
    ServerProcess.start([process.execPath, BUILT_SERVICE], {
      ...environment,
      GRPC_PORT: '0',
      HTTP_PORT: '',
      // The adds share the connection of the watches.
      MAX_STREAMS_PER_CONNECTION: '2000',
    });
  const servers = [
    await start({ DATA_DIR: folder }),
    await start({ MONGODB_URI: set.uri }),
    await start({ MONGODB_URI: set.uri }),
  ];
  const [embedded, first, second] = servers.map(({ port }) => new RpcClient(port));
  if (embedded === undefined || first === undefined || second === undefined) throw new Error('no server');
  await pause(2000);
  const rows: string[][] = [];
  for (const [name, adder, watcher] of [
    ['embedded, same server', embedded, embedded],
    ['MongoDB, same server', first, first],
    ['MongoDB, another server', first, second],
  ] as const) {
    for (const watchers of [1, 100, 1000]) {
      const { p50, p99 } = await measure(adder, watcher, watchers);
      rows.push([name, String(watchers), p50.toFixed(2), p99.toFixed(2)]);
    }
  }
  process.stdout.write(`${textTable(['watch on', 'watchers', 'p50 ms', 'p99 ms'], rows, 1)}\n`);
  for (const client of [embedded, first, second]) client.close();
  for (const server of servers) await server.stop();
  await set.stop();
  rmSync(folder, { recursive: true, force: true });
}

void main();
