import type { JobResult } from './job';
import { SESSIONS, type Work } from './operations';
import type { PairedOperation } from './paired-operations';

/** Short, so that conditions hardly change within a pair, and a disturbance affects few of many rounds. */
const ROUND_MS = 150;

/** Events that a round adds to each session, or pages that it reads of each, by call. */
export type RoundSizes = ReadonlyMap<Work['call'], number>;

/** Events or pages per session that take the faster build about ROUND_MS; events in whole batches. */
export function unitsOfRound(
  { batch }: Pick<Work, 'batch'>,
  results: readonly Pick<JobResult, 'units' | 'windowMs'>[],
): number {
  const perMs = Math.max(...results.map(({ units, windowMs }) => units / windowMs));
  const units = (perMs * ROUND_MS) / SESSIONS;
  return Math.max(1, Math.round(units / batch)) * batch;
}

/**
 * The work of one round on sessions with `stored` events. Rounds of both builds have equal work, not equal time,
 * because otherwise the faster build would accumulate more data. A round is measured from its first request to
 * its last reply, so that no call is counted in part.
 */
export function workOfRound({ work, call }: PairedOperation, sizes: RoundSizes, stored: number): Work {
  const units = sizes.get(call) ?? work.batch;
  const upTo = call === 'GetSession' ? units : stored + units;
  return { ...work, warmUpMs: 0, upTo };
}
