import type { Echo } from './echo';
import { type Figures, figuresOf, ratioOf } from './figures';
import type { JobResult } from './job';
import type { Load, Work } from './operations';

/** A load and the echo are measured in turn, so that a disturbance of the machine falls on both. */
const TURNS = 3;

/** Before each turn, for the connection, in milliseconds. */
const SETTLE_MS = 100;

/** Time on the echo for the time on the load. */
const ECHO_SHARE = 0.5;

export interface MeasuredLoad extends Figures {
  /** CPU for each event as a ratio to the echo's server. */
  readonly serverRatio: number | null;
  readonly mongodRatio: number | null;
  /** Of each turn. */
  readonly replies: readonly Uint8Array[];
}

export async function measureLoad(
  load: Load,
  run: (work: Work) => Promise<JobResult>,
  echo: Echo,
): Promise<MeasuredLoad> {
  const unit = echo.unitBeside(load);
  const measureMs = load.measureMs / TURNS;
  await run({ ...load, warmUpMs: 0, measureMs: load.warmUpMs });
  const windows: JobResult[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    windows.push(await run({ ...load, warmUpMs: SETTLE_MS, measureMs }));
    await unit.measure(measureMs * ECHO_SHARE);
  }
  const figures = figuresOf(windows);
  return {
    ...figures,
    serverRatio: ratioOf(figures.serverMicros, unit.micros()),
    mongodRatio: ratioOf(figures.mongodMicros, unit.micros()),
    replies: windows.map(({ reply }) => reply),
  };
}
