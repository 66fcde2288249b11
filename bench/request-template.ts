/** Digits of the number in an ID. */
const DIGITS = 8;

/** Placeholder of a number in an encoded request. It is overwritten for each request sent. */
const PLACEHOLDER = '#'.repeat(DIGITS);

/** The event ID with this number; if omitted, with the placeholder. */
export function eventIdOf(number?: number): string {
  return `event-${digitsOf(number)}`;
}

/** The ID of a session that fills a store; if the number is omitted, with the placeholder. */
export function fillSessionIdOf(number?: number): string {
  return `filling-${digitsOf(number)}`;
}

function digitsOf(number: number | undefined): string {
  return number === undefined ? PLACEHOLDER : String(number).padStart(DIGITS, '0');
}

/** A request that is encoded once and sent with different IDs. */
export class RequestTemplate {
  /** Offsets of the placeholders. */
  private readonly offsets: readonly number[];

  constructor(private readonly bytes: Buffer) {
    const places: number[] = [];
    for (let at = bytes.indexOf(PLACEHOLDER); at >= 0; at = bytes.indexOf(PLACEHOLDER, at + DIGITS)) {
      places.push(at);
    }
    this.offsets = places;
  }

  /** Returns a copy whose IDs have consecutive numbers, starting with `first`. */
  withNumbersFrom(first: number): Buffer {
    const copy = Buffer.from(this.bytes);
    for (const [index, offset] of this.offsets.entries()) {
      let rest = first + index;
      for (let digit = offset + DIGITS - 1; digit >= offset; digit -= 1) {
        copy[digit] = 48 + (rest % 10);
        rest = Math.floor(rest / 10);
      }
    }
    return copy;
  }
}
