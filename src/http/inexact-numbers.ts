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
  /** Where the object's current key is in the text, with its quotes. */
  keyAt: number;
  keyEnd: number;
}

/** What may be a whole number above 2^53, in a string too. Few texts have one. */
const LARGE_NUMBER = /[:,[]\s*(-?(?:\d{16}[\d.]*(?:[eE][+-]?\d+)?|\d[\d.]*[eE]\+?\d+))/g;

const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const NUMBER_PARTS = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;
const PLAIN_KEY = /^[\p{L}_$][\p{L}\p{N}_$-]*$/u;

/** Character codes. */
const CODES = {
  ...{ quote: 0x22, comma: 0x2c, minus: 0x2d, zero: 0x30, nine: 0x39, colon: 0x3a },
  ...{ openList: 0x5b, closeList: 0x5d, openObject: 0x7b, closeObject: 0x7d },
};

/** Bytes of a key in a path. */
const KEY_BYTES = 100;

/**
 * Finds the whole numbers that a double cannot hold, so that parsing changes them: as many as an
 * error lists. Leaves out those that are deeper than a Struct may be.
 *
 * @param text valid JSON
 */
export function findInexactNumbers(text: string): InexactNumber[] {
  return mayHaveInexact(text) ? new Scanner(text).scan() : [];
}

/** Numbers that are exact need no scan, which takes longer than parsing. */
function mayHaveInexact(text: string): boolean {
  for (const [, number = ''] of text.matchAll(LARGE_NUMBER)) if (isInexact(number)) return true;
  return false;
}

class Scanner {
  private readonly levels: Level[] = [];
  private lastStringAt = 0;
  private lastStringEnd = 0;

  constructor(private readonly text: string) {}

  scan(): InexactNumber[] {
    const { text, levels } = this;
    const found: InexactNumber[] = [];
    for (let at = 0; at < text.length && found.length < LIMITS.maxViolations;) {
      const code = text.charCodeAt(at);
      if (code !== CODES.minus && (code < CODES.zero || code > CODES.nine)) {
        at = this.skip(code, at);
        continue;
      }
      NUMBER.lastIndex = at;
      const number = NUMBER.exec(text)?.[0] ?? '';
      if (levels.length <= LIMITS.structLevels + 1 && isInexact(number)) found.push(this.locate());
      at += number.length;
    }
    return found;
  }

  /** Skips what is no number, and returns the position after it. */
  private skip(code: number, at: number): number {
    const { levels } = this;
    const level = levels[levels.length - 1];
    switch (code) {
      case CODES.quote: {
        const end = endOfString(this.text, at);
        this.lastStringAt = at;
        this.lastStringEnd = end;
        return end;
      }
      case CODES.openObject:
      case CODES.openList:
        levels.push({ isList: code === CODES.openList, index: 0, keyAt: 0, keyEnd: 0 });
        break;
      case CODES.closeObject:
      case CODES.closeList:
        levels.pop();
        break;
      case CODES.comma:
        if (level !== undefined) level.index += 1;
        break;
      case CODES.colon:
        if (level !== undefined) {
          level.keyAt = this.lastStringAt;
          level.keyEnd = this.lastStringEnd;
        }
        break;
    }
    return at + 1;
  }

  private locate(): InexactNumber {
    const [field = '', ...inside] = this.levels.map(({ isList, index, keyAt, keyEnd }) =>
      isList ? index : keyOf(this.text.slice(keyAt, keyEnd)),
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
  if (text === String(double)) return false;
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
