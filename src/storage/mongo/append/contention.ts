import { BoundedMap } from '../../bounded-map';

/** How long after a lost race another server is taken to write to the session still, in milliseconds. */
const LASTS_MS = 5000;

/** Sessions kept at most. */
const CAPACITY = 10_000;

/** The sessions that another server writes to as well, as far as this one has noticed by a lost race. */
export class Contention {
  private readonly lostAt = new BoundedMap<number>(CAPACITY);

  noteLostRace(sessionId: string): void {
    this.lostAt.set(sessionId, performance.now());
  }

  has(sessionId: string): boolean {
    const lostAt = this.lostAt.get(sessionId);
    return lostAt !== undefined && performance.now() - lostAt < LASTS_MS;
  }
}
