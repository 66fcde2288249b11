import type { JobResult } from './job';
import { SESSIONS, type Work } from './operations';
import type { PairedOperation } from './paired-operations';

/** Short: the machine then hardly changes within a pair, and what disturbs it spoils few of many rounds. */
const ROUND_MS = 150;

/** How many events a round adds to each session, or how many pages it reads of it, by call. */
export type RoundSizes = ReadonlyMap<Work['call'], number>;

/** Events or pages for each session that take the faster build about a round's time; events in whole batches. */
export function unitsOfRound(
  { batch }: Pick<Work, 'batch'>,
  results: readonly Pick<JobResult, 'units' | 'windowMs'>[],
): number {
  const perMs = Math.max(...results.map(({ units, windowMs }) => units / windowMs));
  const units = (perMs * ROUND_MS) / SESSIONS;
  return Math.max(1, Math.round(units / batch)) * batch;
}

/**
 * The work of one round on sessions that have so many events. A round is as much work for both builds
 * rather than as much time: the faster build would have more data to carry. It is measured from its
 * first request to its last reply, so that no call is counted in part.
 */
export function workOfRound({ work, call }: PairedOperation, sizes: RoundSizes, stored: number): Work {
  const units = sizes.get(call) ?? work.batch;
  const upTo = call === 'GetSession' ? units : stored + units;
  return { ...work, warmUpMs: 0, upTo };
}
