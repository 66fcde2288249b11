import { cpus, loadavg, platform, release } from 'node:os';
import { buildService } from '../test/support/built-service';
import { type Cores, divideCores } from './cores';
import { Echo } from './echo';
import { figuresOf } from './figures';
import { LoadGenerator } from './load-generator';
import { measureLoad } from './measure-load';
import { measureStore, type Sizes, type StoreMeasured } from './measure-store';
import { ECHOES } from './operations';
import { type Report, type Row, tableRow } from './report';
import { embeddedStore, mongodbStore } from './store';

/** What is to be undone when the bench ends, however it does. */
export type Undo = () => unknown;

/** Measures everything there is. */
export async function runBench(
  sizes: Sizes,
  say: (what: string) => void,
  atEnd: (undo: Undo) => void,
): Promise<Report> {
  const date = new Date().toISOString();
  const load = loadavg()[0] ?? 0;
  say('build');
  await buildService();
  const cores = divideCores();
  const generator = new LoadGenerator();
  atEnd(() => generator.stop());
  say('echo');
  const echo = await Echo.start(cores.serverPrefix, generator);
  atEnd(() => echo.server.stop());
  const echoes = await measureEchoes(echo);

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
    rows: [...unitRows(echo), ...echoes, ...stores.flatMap(({ rows }) => rows)],
    longSessionEvents: sizes.longSessionEvents,
    flatness: stores.flatMap(({ flatness }) => flatness),
    idleMiB: Object.fromEntries(stores.map(({ name, idleMiB }) => [name, idleMiB])),
  };
}

async function measureEchoes(echo: Echo): Promise<Row[]> {
  const rows: Row[] = [];
  for (const { name, ...load } of ECHOES) {
    const measured = await measureLoad(load, (work) => echo.run(work), echo);
    echo.setRatio(load.call, measured.serverRatio);
    const row = { ...measured, ownRatio: null };
    rows.push(tableRow(name, 'none', load.callers, row, echo.server.memory('VmHWM')));
  }
  return rows;
}

function unitRows(echo: Echo): Row[] {
  return echo.unitRows().map(({ callers, windows }) => {
    const measured = { ...figuresOf(windows), serverRatio: 1, mongodRatio: null, ownRatio: null };
    return tableRow('echo of AddEvent', 'none', callers, measured, echo.server.memory('VmHWM'));
  });
}

function describeMachine(date: string, { description }: Cores, load: number): string {
  const [first] = cpus();
  return [
    `${date.slice(0, 10)}, ${cpus().length} cores of ${first?.model ?? 'an unknown kind'},`,
    `${platform()} ${release()}, Node.js ${process.version}; ${description}; load average at the start ${load.toFixed(2)}`,
  ].join(' ');
}
