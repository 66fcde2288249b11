import { figuresOf, ratioOf } from './figures';
import type { JobResult } from './job';
import type { Work } from './operations';

/** Large and small are measured in turn, so that a disturbance falls on both. */
export const TURNS = 4;
export const TURN = { warmUpMs: 100, measureMs: 500 } satisfies Partial<Work>;

/** What an operation costs where much is stored, over what it costs where little is. */
export interface FlatnessRow {
  readonly operation: string;
  readonly store: string;
  readonly serverRatio: number | null;
  readonly mongodRatio: number | null;
  readonly p50Ratio: number;
}

/** One turn of the operation, where much and where little is stored. */
interface Turns {
  readonly large: () => Promise<JobResult>;
  readonly small: (turn: number) => Promise<JobResult>;
}

export async function measureFlatness(operation: string, store: string, turns: Turns): Promise<FlatnessRow> {
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
