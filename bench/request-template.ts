/** Digits of an event's number in its id. */
const DIGITS = 8;

const MARK = 'event-';

/** What an id is where a request is encoded; its digits are written over for each send. */
export const ID_PLACE = `${MARK}${'0'.repeat(DIGITS)}`;

export function eventIdOf(number: number): string {
  return `${MARK}${String(number).padStart(DIGITS, '0')}`;
}

/** A request that is encoded once, and sent with other event ids each time. */
export class RequestTemplate {
  /** Where the digits of each id are. */
  private readonly places: readonly number[];

  constructor(private readonly bytes: Buffer) {
    const places: number[] = [];
    for (let at = bytes.indexOf(ID_PLACE); at >= 0; at = bytes.indexOf(ID_PLACE, at + 1)) {
      places.push(at + MARK.length);
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
