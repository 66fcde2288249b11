import { OPERATIONS, type Work } from './operations';

const ROUNDS = 2;
const LOAD_MS = 400;

/**
 * Every operation's load in turn, twice. A server and the echo that it is compared with are both
 * warmed so before either is measured: V8 has optimised what all operations share.
 */
export async function warmUp(
  run: (work: Work) => Promise<unknown>,
  works: readonly Work[] = OPERATIONS.flatMap(({ loads }) => loads.slice(0, 1)),
): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const work of works) await run({ ...work, warmUpMs: 0, measureMs: LOAD_MS });
  }
}
