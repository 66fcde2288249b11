import { OPERATIONS, type Work } from './operations';

const ROUNDS = 2;
const LOAD_MS = 400;

/**
 * Runs each work twice. Servers and echo are warmed up in the same way before any measurement, so that V8 has
 * optimised the code that all operations share.
 */
export async function warmUp(
  run: (work: Work) => Promise<unknown>,
  works: readonly Work[] = OPERATIONS.flatMap(({ loads }) => loads.slice(0, 1)),
): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const work of works) await run({ ...work, warmUpMs: 0, measureMs: LOAD_MS });
  }
}
