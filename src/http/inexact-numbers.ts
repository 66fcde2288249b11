import { LIMITS } from '../core/limits';
import { truncateText } from '../core/validation/text';

/** A whole number in a JSON object that a double cannot hold. */
export interface InexactNumber {
  /** The key of the object that has the number in its value. */
  readonly field: string;
  /** Where the number is in that value, such as `.a[2]`; empty if it is the value. */
  readonly inside: string;
}

/** An object or list that is open at the scanner's position. */
interface Level {
  readonly isList: boolean;
  /** The index of the list's current item. */
  index: number;
  /** The text of the object's current key, with its quotes. */
  key: string;
}

/** How a whole number above 2^53 begins. Few texts have one, and only those are scanned. */
const LARGE_NUMBER = /[:,[]\s*-?(?:\d{16}|\d[\d.]*[eE]\+?\d)/;

const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const NUMBER_PARTS = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
const PLAIN_KEY = /^[\p{L}_$][\p{L}\p{N}_$-]*$/u;

/** Bytes of a key in a path. */
const KEY_BYTES = 100;

/**
 * Finds the whole numbers that a double cannot hold, so that parsing changes them: as many as an
 * error lists. Leaves out those that are deeper than a Struct may be.
 *
 * @param text valid JSON
 */
export function findInexactNumbers(text: string): InexactNumber[] {
  return LARGE_NUMBER.test(text) ? new Scanner(text).scan() : [];
}

class Scanner {
  private readonly levels: Level[] = [];
  private lastString = '';

  constructor(private readonly text: string) {}

  scan(): InexactNumber[] {
    const { text, levels } = this;
    const found: InexactNumber[] = [];
    for (let at = 0; at < text.length && found.length < LIMITS.maxViolations;) {
      NUMBER.lastIndex = at;
      const number = NUMBER.exec(text)?.[0];
      if (number !== undefined && levels.length <= LIMITS.structLevels + 1 && isInexact(number))
        found.push(this.locate());
      at = number === undefined ? this.skip(at) : at + number.length;
    }
    return found;
  }

  /** Skips what is no number, and returns the position after it. */
  private skip(at: number): number {
    const level = this.levels.at(-1);
    const character = this.text.charAt(at);
    if (character === '"') {
      const end = endOfString(this.text, at);
      this.lastString = this.text.slice(at, end);
      return end;
    }
    if (character === '{' || character === '[')
      this.levels.push({ isList: character === '[', index: 0, key: '' });
    else if (character === '}' || character === ']') this.levels.pop();
    else if (character === ',' && level !== undefined) level.index += 1;
    else if (character === ':' && level !== undefined) level.key = this.lastString;
    return at + 1;
  }

  private locate(): InexactNumber {
    const [field = '', ...inside] = this.levels.map(({ isList, index, key }) =>
      isList ? index : keyOf(key),
    );
    return { field: String(field), inside: inside.map(segmentOf).join('') };
  }
}

/** Returns the position after the string that begins at this one. */
function endOfString(text: string, start: number): number {
  let quote = text.indexOf('"', start + 1);
  while (isEscaped(text, quote)) quote = text.indexOf('"', quote + 1);
  return quote + 1;
}

function isEscaped(text: string, at: number): boolean {
  let start = at;
  while (text.charAt(start - 1) === '\\') start -= 1;
  return (at - start) % 2 === 1;
}

function keyOf(quoted: string): string {
  return truncateText(String(JSON.parse(quoted)).toWellFormed(), KEY_BYTES);
}

function segmentOf(part: number | string): string {
  if (typeof part === 'number') return `[${part}]`;
  return PLAIN_KEY.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`;
}

/** Whether this is a whole number that its double neither equals nor is written as. */
function isInexact(text: string): boolean {
  const double = Math.abs(Number(text));
  // Smaller whole numbers are exact.
  if (double < 2 ** 53) return false;
  if (double === Infinity) return true;
  const [digits, zeros] = partsOf(text);
  if (zeros < 0) return false;
  // 2^60 is often written as 1152921504606847000: with as many digits as tell it from other doubles.
  const [shortest, shortestZeros] = partsOf(String(double));
  if (digits === shortest && zeros === shortestZeros) return false;
  return BigInt(digits) * 10n ** BigInt(zeros) !== BigInt(double);
}

/** A number's digits without zeros around them, and how many zeros follow; negative: it is not whole. */
function partsOf(text: string): [string, number] {
  const [, whole = '', fraction = '', exponent = '0'] = NUMBER_PARTS.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = trimZeros(digits);
  return [significant, digits.length - significant.length + Number(exponent) - fraction.length];
}

/** Removes the zeros at the end. A regular expression would take quadratic time for zeros inside. */
function trimZeros(digits: string): string {
  let end = digits.length;
  while (digits.charAt(end - 1) === '0') end -= 1;
  return digits.slice(0, end);
}
