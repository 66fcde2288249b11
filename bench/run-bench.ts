import { loadavg } from 'node:os';
import { buildService } from '../test/support/built-service';
import { resetPeakMemory } from '../test/support/process-memory';
import { divideCores } from './cores';
import { Echo } from './echo';
import { LoadGenerator } from './load-generator';
import { describeMachine } from './machine';
import { measureStore, type Sizes, type StoreMeasured } from './measure-store';
import type { Report } from './report';
import { embeddedStore, mongodbStore } from './store';

/** What is to be undone when the bench ends, however it does. */
export type Undo = () => unknown;

/** Measures everything there is. */
export async function runBench(
  sizes: Sizes,
  say: (what: string) => void,
  atEnd: (undo: Undo) => void,
): Promise<Report> {
  const { longEvents, manySessions } = sizes;
  const date = new Date().toISOString();
  const load = loadavg()[0] ?? 0;
  say('build');
  await buildService();
  const cores = divideCores();
  const generator = new LoadGenerator();
  atEnd(() => generator.stop());
  say('warm-up, echo');
  const echo = await Echo.start(cores.serverPrefix, generator);
  atEnd(() => echo.server.stop());

  const stores: StoreMeasured[] = [];
  for (const open of [embeddedStore, mongodbStore]) {
    const store = await open(cores.serverPrefix);
    atEnd(() => store.remove());
    stores.push(await measureStore(store, generator, echo, sizes, say));
  }
  return {
    date,
    machine: describeMachine(date, cores, load),
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
