import type { Echo } from './echo';
import { type Figures, figuresOf, ratioOf } from './figures';
import type { JobResult } from './job';
import { type Load, unitBeside, type Work } from './operations';

/** A load and its echoes are measured in turn, so that a disturbance of the machine falls on all. */
const TURNS = 3;

/** Before each turn, for the connection, in milliseconds. */
const SETTLE_MS = 100;

/** Time on an echo for the time on the load. */
const ECHO_SHARE = 0.5;

export interface MeasuredLoad extends Figures {
  /** The server's CPU for each event as a ratio to the echo of the same messages. */
  readonly echoRatio: number | null;
  /** The server's and mongod's, as a ratio to the echo of one AddEvent. */
  readonly unitRatio: number | null;
  readonly mongodRatio: number | null;
  /** Of each turn. */
  readonly replies: readonly Uint8Array[];
}

export async function measureLoad(
  load: Load,
  run: (work: Work) => Promise<JobResult>,
  echo: Echo,
): Promise<MeasuredLoad> {
  const unit = echo.beside(unitBeside(load));
  const own = load.call === 'AddEvent' ? unit : echo.beside(load);
  const measureMs = load.measureMs / TURNS;
  await run({ ...load, warmUpMs: 0, measureMs: load.warmUpMs });
  const windows: JobResult[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    windows.push(await run({ ...load, warmUpMs: SETTLE_MS, measureMs }));
    for (const echoed of new Set([own, unit])) await echoed.measure(measureMs * ECHO_SHARE);
  }
  const figures = figuresOf(windows);
  return {
    ...figures,
    echoRatio: ratioOf(figures.serverMicros, own.micros()),
    unitRatio: ratioOf(figures.serverMicros, unit.micros()),
    mongodRatio: ratioOf(figures.mongodMicros, unit.micros()),
    replies: windows.map(({ reply }) => reply),
  };
}
