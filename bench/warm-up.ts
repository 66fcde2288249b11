import { OPERATIONS, type Work } from './operations';

const ROUNDS = 2;
const LOAD_MS = 400;

/**
 * Every operation's load in turn, twice. A server and the echo that it is compared with are both
 * warmed so before either is measured: V8 has optimised what all operations share.
 */
export async function warmUp(run: (work: Work) => Promise<unknown>): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [load] of OPERATIONS.map(({ loads }) => loads)) {
      if (load !== undefined) await run({ ...load, warmUpMs: 0, measureMs: LOAD_MS });
    }
  }
}
