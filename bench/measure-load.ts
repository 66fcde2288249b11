import type { Echo } from './echo';
import { type Figures, figuresOf, ratioOf } from './figures';
import type { JobResult } from './job';
import { type Load, unitLoadFor, type Work } from './operations';

/** A load and its echoes are measured alternately, so that a disturbance of the machine affects all of them. */
const TURNS = 3;

/** Warm-up of the connection before each turn, in milliseconds. */
const SETTLE_MS = 100;

/** Measuring time of each echo, as a share of the load's. */
const ECHO_SHARE = 0.5;

export interface MeasuredLoad extends Figures {
  /** The server's CPU per event, as a ratio to the echo of the same messages. */
  readonly echoRatio: number | null;
  /** CPU of the server and of mongod per event, as a ratio to the echo of one AddEvent. */
  readonly unitRatio: number | null;
  readonly mongodRatio: number | null;
  /** The last reply of each turn. */
  readonly replies: readonly Uint8Array[];
}

export async function measureLoad(
  load: Load,
  run: (work: Work) => Promise<JobResult>,
  echo: Echo,
): Promise<MeasuredLoad> {
  const unit = echo.startMeasurement(unitLoadFor(load));
  const sameMessages = load.call === 'AddEvent' ? unit : echo.startMeasurement(load);
  const measureMs = load.measureMs / TURNS;
  await run({ ...load, warmUpMs: 0, measureMs: load.warmUpMs });
  const windows: JobResult[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    windows.push(await run({ ...load, warmUpMs: SETTLE_MS, measureMs }));
    for (const echoed of new Set([sameMessages, unit])) await echoed.measure(measureMs * ECHO_SHARE);
  }
  const figures = figuresOf(windows);
  return {
    ...figures,
    echoRatio: ratioOf(figures.serverMicros, sameMessages.serverMicros()),
    unitRatio: ratioOf(figures.serverMicros, unit.serverMicros()),
    mongodRatio: ratioOf(figures.mongodMicros, unit.serverMicros()),
    replies: windows.map(({ reply }) => reply),
  };
}
