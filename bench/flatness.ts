import { figuresOf, ratioOf } from './figures';
import type { JobResult } from './job';
import type { Work } from './operations';

/** The large and the small case are measured alternately, so that a disturbance affects both. */
export const TURNS = 4;
export const TURN = { warmUpMs: 100, measureMs: 500 } satisfies Partial<Work>;

/** The cost of an operation with much stored data, as a ratio to its cost with little. */
export interface FlatnessRow {
  readonly operation: string;
  readonly store: string;
  readonly serverRatio: number | null;
  readonly mongodRatio: number | null;
  readonly p50Ratio: number;
}

/** Run the operation for one turn, with much and with little stored data. */
interface FlatnessRuns {
  readonly large: () => Promise<JobResult>;
  readonly small: (turn: number) => Promise<JobResult>;
}

export async function measureFlatness(
  operation: string,
  store: string,
  turns: FlatnessRuns,
): Promise<FlatnessRow> {
  const largeWindows: JobResult[] = [];
  const smallWindows: JobResult[] = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    smallWindows.push(await turns.small(turn));
    largeWindows.push(await turns.large());
  }
  const [large, small] = [figuresOf(largeWindows), figuresOf(smallWindows)];
  return {
    operation,
    store,
    serverRatio: ratioOf(large.serverMicros, small.serverMicros),
    mongodRatio: ratioOf(large.mongodMicros, small.mongodMicros),
    p50Ratio: large.p50Ms / small.p50Ms,
  };
}
