import { isUtf8 } from 'node:buffer';
import { LIMITS } from '../limits';
import { KEY_OF_ENTRY, STRUCT_ENTRY, VALUE_OF_ENTRY, VALUE_OF_LIST, VALUE_TAGS } from './struct-codec';

/** Up to this many bytes a loop is faster than a native call. */
const SHORT_TEXT = 64;

/**
 * Whether the bytes encode a valid Struct in the form that encoders write, so that they can be
 * stored unchanged. If not, they must be decoded: they break a rule, contain `-0`, or are merely
 * encoded in an unusual way.
 */
export function isCanonicalStruct(bytes: Uint8Array): boolean {
  return new CanonicalWalk(bytes).isStruct(bytes.length, 1);
}

/** Validates the bytes in one pass, without decoding them. */
class CanonicalWalk {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  isStruct(end: number, level: number): boolean {
    if (level > LIMITS.structLevels) return false;
    while (this.at < end) {
      if (this.bytes[this.at++] !== STRUCT_ENTRY) return false;
      const entryEnd = this.endOfLength(end);
      if (this.bytes[this.at++] !== KEY_OF_ENTRY) return false;
      if (!this.isText(this.endOfLength(entryEnd), true)) return false;
      if (this.bytes[this.at++] !== VALUE_OF_ENTRY) return false;
      if (this.endOfLength(entryEnd) !== entryEnd || !this.isValue(entryEnd, level)) return false;
    }
    return this.at === end;
  }

  private isList(end: number, level: number): boolean {
    if (level > LIMITS.structLevels) return false;
    while (this.at < end) {
      if (this.bytes[this.at++] !== VALUE_OF_LIST) return false;
      if (!this.isValue(this.endOfLength(end), level)) return false;
    }
    return this.at === end;
  }

  /** A single Value that extends to `end`. */
  private isValue(end: number, level: number): boolean {
    if (this.at >= end) return false;
    switch (this.bytes[this.at++]) {
      case VALUE_TAGS.string: {
        const textEnd = this.endOfLength(end);
        return textEnd === end && this.isText(end, false);
      }
      case VALUE_TAGS.number:
        return this.isNumber(end);
      case VALUE_TAGS.bool:
        return this.isByte(end, 1);
      case VALUE_TAGS.null:
        return this.isByte(end, 0);
      case VALUE_TAGS.struct:
        return this.endOfLength(end) === end && this.isStruct(end, level + 1);
      case VALUE_TAGS.list:
        return this.endOfLength(end) === end && this.isList(end, level + 1);
      default:
        return false;
    }
  }

  /** Reads a length, and returns where its content ends; -1 if that is beyond `end`. */
  private endOfLength(end: number): number {
    let length = 0;
    for (let shift = 0; shift <= 21 && this.at < end; shift += 7) {
      const byte = this.bytes[this.at++] ?? 0;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) return this.at + length <= end ? this.at + length : -1;
    }
    return -1;
  }

  private isText(end: number, isKey: boolean): boolean {
    const start = this.at;
    if (end < start) return false;
    this.at = end;
    if (end - start <= SHORT_TEXT && this.isAscii(start, end)) return true;
    const text = this.bytes.subarray(start, end);
    return isUtf8(text) && !(isKey && text.includes(0));
  }

  /** Whether all bytes are ASCII characters other than U+0000. */
  private isAscii(start: number, end: number): boolean {
    for (let at = start; at < end; at += 1) {
      const byte = this.bytes[at] ?? 0;
      if (byte === 0 || byte >= 0x80) return false;
    }
    return true;
  }

  /** A finite double other than `-0`. */
  private isNumber(end: number): boolean {
    const { at, bytes } = this;
    if (at + 8 !== end) return false;
    this.at = end;
    const [sixth = 0, last = 0] = [bytes[at + 6], bytes[at + 7]];
    if ((last & 0x7f) === 0x7f && sixth >= 0xf0) return false;
    return last !== 0x80 || bytes.subarray(at, at + 7).some((byte) => byte !== 0);
  }

  private isByte(end: number, maximum: number): boolean {
    return this.at + 1 === end && (this.bytes[this.at++] ?? 0) <= maximum;
  }
}
