/** Digits of an event's number in its id. */
const DIGITS = 8;

/** Where an id's number is in a request that is encoded: it is written over for each send. */
const PLACE = '#'.repeat(DIGITS);

/** The id of such a number; without one, the place for it. */
export function eventIdOf(number?: number): string {
  return `event-${digitsOf(number)}`;
}

/** The id of one of the sessions that fill a store, likewise. */
export function fillingSessionIdOf(number?: number): string {
  return `filling-${digitsOf(number)}`;
}

function digitsOf(number: number | undefined): string {
  return number === undefined ? PLACE : String(number).padStart(DIGITS, '0');
}

/** A request that is encoded once, and sent with other ids each time. */
export class RequestTemplate {
  /** Where the number of each id is. */
  private readonly places: readonly number[];

  constructor(private readonly bytes: Buffer) {
    const places: number[] = [];
    for (let at = bytes.indexOf(PLACE); at >= 0; at = bytes.indexOf(PLACE, at + DIGITS)) {
      places.push(at);
    }
    this.places = places;
  }

  /** A copy whose ids are numbered from the first on. */
  numbered(first: number): Buffer {
    const copy = Buffer.from(this.bytes);
    for (const [index, place] of this.places.entries()) {
      let rest = first + index;
      for (let digit = place + DIGITS - 1; digit >= place; digit -= 1) {
        copy[digit] = 48 + (rest % 10);
        rest = Math.floor(rest / 10);
      }
    }
    return copy;
  }
}
