import { VALUE_TAGS } from '../../../../core/struct/struct-codec';
import { BSON } from './bson-types';

/**
 * A Struct's BSON has at most this many times the bytes of its protobuf encoding, plus those of an
 * empty document. The worst is a long list of empty strings: 13 bytes for each instead of 4.
 */
export const MAXIMUM_GROWTH = 3.25;
export const EMPTY_DOCUMENT_BYTES = 5;

/** Up to this many bytes a loop is faster than a native call. */
const SHORT_TEXT = 64;

/** From this many keys on, sorting their hashes is faster than comparing each with all others. */
const MANY_KEYS = 64;

const DIGIT_0 = 0x30;
const NOTHING = Buffer.alloc(0);

/**
 * Converts Structs from their protobuf encoding to BSON documents, without JavaScript values in
 * between. The encoding must be canonical: see `isCanonicalStruct`.
 */
export class StructToBson {
  /**
   * Whether the last document may have the same key twice in an object. It is never false if it has:
   * protobuf uses the last value, and MongoDB's queries the first.
   */
  mayRepeatKeys = false;
  private source: Uint8Array = NOTHING;
  private target: Uint8Array = NOTHING;
  private at = 0;
  private end = 0;
  /** Of the keys so far, of the current object and those around it. */
  private hashes = new Int32Array(MANY_KEYS);

  /**
   * Writes the document at `start`, and returns where it ends.
   *
   * @param target has room for what the document can have at most
   */
  write(source: Uint8Array, target: Uint8Array, start: number): number {
    this.source = source;
    this.target = target;
    this.at = 0;
    this.end = start;
    this.mayRepeatKeys = false;
    this.struct(source.length, 0);
    this.source = this.target = NOTHING;
    if (this.at !== source.length) throw notCanonical();
    if (this.end > target.length) throw new RangeError('a BSON document exceeds its buffer');
    return this.end;
  }

  /** @param firstHash where the hashes of the object's keys begin */
  private struct(sourceEnd: number, firstHash: number): void {
    const start = this.end;
    this.end += 4;
    let nextHash = firstHash;
    while (this.at < sourceEnd) {
      // Tag and length of the entry, and the key's tag.
      this.at += 1;
      this.length();
      this.at += 1;
      const typeAt = this.end++;
      this.addHash(this.key(), firstHash, nextHash);
      nextHash += 1;
      this.element(typeAt, nextHash);
    }
    if (nextHash - firstHash >= MANY_KEYS) this.findTwins(firstHash, nextHash);
    this.endDocument(start);
  }

  private list(sourceEnd: number, nextHash: number): void {
    const start = this.end;
    this.end += 4;
    for (let index = 0; this.at < sourceEnd; index += 1) {
      const typeAt = this.end++;
      this.elementName(index);
      this.element(typeAt, nextHash);
    }
    this.endDocument(start);
  }

  private endDocument(start: number): void {
    this.target[this.end++] = 0;
    setInt32(this.target, start, this.end - start);
  }

  /** Copies a key, and returns its hash. */
  private key(): number {
    const { source, target } = this;
    const length = this.length();
    let { at, end } = this;
    let hash = length;
    for (const keyEnd = at + length; at < keyEnd; at += 1) {
      const byte = source[at] ?? 0;
      hash = (Math.imul(hash, 31) + byte) | 0;
      target[end++] = byte;
    }
    target[end++] = 0;
    this.at = at;
    this.end = end;
    return hash;
  }

  private addHash(hash: number, first: number, next: number): void {
    if (next === this.hashes.length) this.growHashes();
    const { hashes } = this;
    if (next - first < MANY_KEYS)
      for (let i = first; i < next; i += 1) if (hashes[i] === hash) this.mayRepeatKeys = true;
    hashes[next] = hash;
  }

  private growHashes(): void {
    const grown = new Int32Array(2 * this.hashes.length);
    grown.set(this.hashes);
    this.hashes = grown;
  }

  private findTwins(first: number, next: number): void {
    const sorted = this.hashes.slice(first, next).sort();
    for (let i = 1; i < sorted.length; i += 1) if (sorted[i] === sorted[i - 1]) this.mayRepeatKeys = true;
  }

  /** Writes the name of a list's element: its index in decimal digits. */
  private elementName(index: number): void {
    const { target } = this;
    let digits = 1;
    for (let rest = index; rest > 9; rest = (rest / 10) | 0) digits += 1;
    let at = this.end + digits;
    this.end = at + 1;
    target[at] = 0;
    for (let rest = index; digits > 0; digits -= 1) {
      at -= 1;
      target[at] = DIGIT_0 + (rest % 10);
      rest = (rest / 10) | 0;
    }
  }

  /** Reads a Value with its tag and length. */
  private element(typeAt: number, nextHash: number): void {
    const { target } = this;
    this.at += 1;
    this.length();
    switch (this.source[this.at++]) {
      case VALUE_TAGS.string:
        target[typeAt] = BSON.string;
        this.string();
        return;
      case VALUE_TAGS.number:
        target[typeAt] = BSON.double;
        this.number();
        return;
      case VALUE_TAGS.bool:
        target[typeAt] = BSON.bool;
        target[this.end++] = this.source[this.at++] ?? 0;
        return;
      case VALUE_TAGS.null:
        target[typeAt] = BSON.null;
        this.at += 1;
        return;
      case VALUE_TAGS.struct: {
        target[typeAt] = BSON.object;
        const length = this.length();
        this.struct(this.at + length, nextHash);
        return;
      }
      case VALUE_TAGS.list: {
        target[typeAt] = BSON.array;
        const length = this.length();
        this.list(this.at + length, nextHash);
        return;
      }
      default:
        throw notCanonical();
    }
  }

  private string(): void {
    const { source, target } = this;
    const length = this.length();
    setInt32(target, this.end, length + 1);
    let { at } = this;
    let end = this.end + 4;
    if (length <= SHORT_TEXT) {
      for (const textEnd = at + length; at < textEnd; at += 1) target[end++] = source[at] ?? 0;
    } else {
      target.set(source.subarray(at, at + length), end);
      at += length;
      end += length;
    }
    target[end] = 0;
    this.at = at;
    this.end = end + 1;
  }

  private number(): void {
    const { source, target, at, end } = this;
    for (let i = 0; i < 8; i += 1) target[end + i] = source[at + i] ?? 0;
    this.at = at + 8;
    this.end = end + 8;
  }

  private length(): number {
    const { source } = this;
    let byte = source[this.at++] ?? 0;
    let length = byte & 0x7f;
    for (let shift = 7; byte >= 0x80; shift += 7) {
      byte = source[this.at++] ?? 0;
      length |= (byte & 0x7f) << shift;
    }
    return length;
  }
}

function notCanonical(): TypeError {
  return new TypeError('a Struct is not in its canonical form');
}

function setInt32(target: Uint8Array, at: number, value: number): void {
  target[at] = value;
  target[at + 1] = value >>> 8;
  target[at + 2] = value >>> 16;
  target[at + 3] = value >>> 24;
}
