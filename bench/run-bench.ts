import { loadavg } from 'node:os';
import { buildService } from '../test/support/built-service';
import { resetPeakMemory } from '../test/support/process-memory';
import { divideCores } from './cores';
import { Echo } from './echo';
import { LoadGenerator } from './load-generator';
import { describeMachine } from './machine';
import { measureStore, type Sizes, type StoreResults } from './measure-store';
import type { Report } from './report';
import { embeddedStore, mongodbStore } from './store';

/** A function that is called when the benchmark ends, for whatever reason. */
export type Cleanup = () => unknown;

/** Runs the whole benchmark. */
export async function runBench(
  sizes: Sizes,
  logProgress: (text: string) => void,
  addCleanup: (cleanup: Cleanup) => void,
): Promise<Report> {
  const { longEvents, manySessions } = sizes;
  const date = new Date().toISOString();
  const loadAverage = loadavg()[0] ?? 0;
  logProgress('build');
  await buildService();
  const cores = divideCores();
  const generator = new LoadGenerator();
  addCleanup(() => generator.stop());
  logProgress('warm-up, echo');
  const echo = await Echo.start(cores.serverPrefix, generator);
  addCleanup(() => echo.server.stop());

  const stores: StoreResults[] = [];
  for (const open of [embeddedStore, mongodbStore]) {
    const store = await open(cores.serverPrefix);
    addCleanup(() => store.remove());
    stores.push(await measureStore(store, generator, echo, sizes, logProgress));
  }
  return {
    date,
    machine: describeMachine(date, cores, loadAverage),
    echoSpread: echo.spread(),
    rows: [...echo.rows(), ...stores.flatMap(({ rows }) => rows)],
    peaksAreOfRows: resetPeakMemory(process.pid),
    longSession: { events: longEvents, rows: stores.flatMap(({ longSession }) => longSession) },
    manySessions:
      manySessions === undefined
        ? null
        : { sessions: manySessions, rows: stores.flatMap((store) => store.manySessions) },
    idleMiB: Object.fromEntries(stores.map(({ name, idleMiB }) => [name, idleMiB])),
  };
}
