import { isUtf8 } from 'node:buffer';
import { LIMITS } from '../../../../core/limits';
import { VALUE_TAGS } from '../../../../core/struct/struct-codec';
import { BSON } from './bson-types';
import { damaged, invalidUtf8, NotStructError, unsupportedType } from './not-struct-error';
import { delimitedSize } from './wire-sizes';
import { headerSize, NO_KEY, NOTHING, WireWriter } from './wire-writer';

/** Up to this many bytes a loop is faster than native calls. */
const SHORT_TEXT = 64;

/** At least the tags and lengths of an entry, its key and its value, and a number. */
const ENTRY_BYTES = 40;

/**
 * Converts a BSON document to the canonical protobuf encoding of a Struct, without JavaScript values
 * in between. Of a key that the document has twice, both entries remain: the last one wins, as in any
 * protobuf encoding.
 *
 * @param offset where the document begins
 * @throws NotStructError
 */
export function structFromBson(bson: Uint8Array, offset = 0): Uint8Array {
  return converter.convert(bson, offset);
}

/** Its state belongs to one conversion at a time. */
export class BsonToStruct extends WireWriter {
  protected at = 0;

  convert(source: Uint8Array, offset: number): Buffer {
    this.source = source;
    this.at = offset;
    this.end = 0;
    try {
      this.struct(source.length, 1);
      return this.takeBytes();
    } finally {
      this.source = NOTHING;
    }
  }

  protected struct(limit: number, level: number): void {
    const { source } = this;
    const last = this.startDocument(limit, level);
    while (this.at < last) {
      const type = source[this.at++] ?? 0;
      const keyAt = this.at;
      this.skipKey(last);
      const keyLength = this.at - 1 - keyAt;
      this.reserve(ENTRY_BYTES + keyLength);
      this.value(type, last, level, keyAt, keyLength);
    }
    this.at = last + 1;
  }

  private list(limit: number, level: number): void {
    const { source } = this;
    const last = this.startDocument(limit, level);
    while (this.at < last) {
      const type = source[this.at++] ?? 0;
      this.skipName(last);
      this.reserve(ENTRY_BYTES);
      this.value(type, last, level, 0, NO_KEY);
    }
    this.at = last + 1;
  }

  /** Reads a document's length, and returns where the zero byte is that ends the document. */
  protected startDocument(limit: number, level: number): number {
    if (level > LIMITS.structLevels)
      throw new NotStructError(`it has more than ${LIMITS.structLevels} levels of objects and lists`);
    const start = this.at;
    this.expect(4, limit);
    const last = start + int32(this.source, start) - 1;
    if (last < start + 4 || last >= limit || this.source[last] !== 0) throw damaged();
    this.at = start + 4;
    return last;
  }

  /** Skips the name of a list's element, whatever it is. */
  protected skipName(limit: number): void {
    const { source } = this;
    let { at } = this;
    while (at < limit && source[at] !== 0) at += 1;
    if (at >= limit) throw damaged();
    this.at = at + 1;
  }

  /** Skips a name, and checks that it is valid UTF-8. */
  private skipKey(limit: number): void {
    const { source } = this;
    let { at } = this;
    let bits = 0;
    for (; at < limit && source[at] !== 0; at += 1) bits |= source[at] ?? 0;
    if (at >= limit) throw damaged();
    if (bits >= 0x80 && !isUtf8(source.subarray(this.at, at))) throw invalidUtf8();
    this.at = at + 1;
  }

  private value(type: number, limit: number, level: number, keyAt: number, keyLength: number): void {
    switch (type) {
      case BSON.string:
        this.string(limit, keyAt, keyLength);
        return;
      case BSON.double:
        this.expect(8, limit);
        this.header(keyAt, keyLength, 9);
        this.target[this.end++] = VALUE_TAGS.number;
        this.double();
        return;
      case BSON.bool: {
        this.expect(1, limit);
        const byte = this.source[this.at++] ?? 0;
        if (byte > 1) throw damaged();
        this.byte(VALUE_TAGS.bool, byte, keyAt, keyLength);
        return;
      }
      case BSON.null:
        this.byte(VALUE_TAGS.null, 0, keyAt, keyLength);
        return;
      case BSON.object:
      case BSON.array:
        this.container(type, limit, level, keyAt, keyLength);
        return;
      case BSON.int32:
        this.expect(4, limit);
        this.integer(int32(this.source, this.at), keyAt, keyLength);
        this.at += 4;
        return;
      case BSON.int64:
        this.expect(8, limit);
        this.integer(safeInt64(this.source, this.at), keyAt, keyLength);
        this.at += 8;
        return;
      default:
        throw unsupportedType(type);
    }
  }

  private string(limit: number, keyAt: number, keyLength: number): void {
    this.expect(4, limit);
    const length = int32(this.source, this.at) - 1;
    this.at += 4;
    if (length < 0) throw damaged();
    this.expect(length + 1, limit);
    if (this.source[this.at + length] !== 0) throw damaged();
    this.reserve(ENTRY_BYTES + keyLength + length);
    this.header(keyAt, keyLength, delimitedSize(length));
    this.target[this.end++] = VALUE_TAGS.string;
    this.varint(length);
    this.text(length);
    this.at += length + 1;
  }

  /** Copies a double. Another program may have written `-0`, which is stored as 0. */
  private double(): void {
    const { source, target, at, end } = this;
    const last = source[at + 7] ?? 0;
    if ((last & 0x7f) === 0x7f && (source[at + 6] ?? 0) >= 0xf0)
      throw new NotStructError('a number is not finite (NaN or infinity)');
    let bits = 0;
    for (let i = 0; i < 7; i += 1) {
      const byte = source[at + i] ?? 0;
      bits |= byte;
      target[end + i] = byte;
    }
    target[end + 7] = last === 0x80 && bits === 0 ? 0 : last;
    this.at = at + 8;
    this.end = end + 8;
  }

  private integer(value: number, keyAt: number, keyLength: number): void {
    this.header(keyAt, keyLength, 9);
    this.target[this.end++] = VALUE_TAGS.number;
    this.end = this.target.writeDoubleLE(value, this.end);
  }

  private byte(tag: number, byte: number, keyAt: number, keyLength: number): void {
    this.header(keyAt, keyLength, 2);
    this.target[this.end++] = tag;
    this.target[this.end++] = byte;
  }

  /**
   * Writes the content of an object or list behind room for a header with lengths like those in BSON. They
   * seldom need another number of bytes; if so, the content is moved.
   */
  private container(type: 3 | 4, limit: number, level: number, keyAt: number, keyLength: number): void {
    this.expect(4, limit);
    const start = this.end;
    const room = headerSize(keyLength, int32(this.source, this.at));
    this.end += room;
    if (type === BSON.object) this.struct(limit, level + 1);
    else this.list(limit, level + 1);
    const length = this.end - start - room;
    const needed = headerSize(keyLength, length);
    if (needed !== room) {
      this.reserve(ENTRY_BYTES);
      this.target.copyWithin(start + needed, start + room, start + room + length);
    }
    this.end = start;
    this.header(keyAt, keyLength, delimitedSize(length));
    this.target[this.end++] = type === BSON.object ? VALUE_TAGS.struct : VALUE_TAGS.list;
    this.varint(length);
    this.end += length;
  }

  /** Copies a text, and checks that it is valid UTF-8. */
  protected text(length: number): void {
    const { source, target, at, end } = this;
    let bits = 0;
    if (length <= SHORT_TEXT) {
      for (let i = 0; i < length; i += 1) {
        const byte = source[at + i] ?? 0;
        bits |= byte;
        target[end + i] = byte;
      }
      if (bits >= 0x80 && !isUtf8(source.subarray(at, at + length))) throw invalidUtf8();
    } else {
      const text = source.subarray(at, at + length);
      if (!isUtf8(text)) throw invalidUtf8();
      target.set(text, end);
    }
    this.end = end + length;
  }

  private expect(bytes: number, limit: number): void {
    if (this.at + bytes > limit) throw damaged();
  }
}

const converter = new BsonToStruct();

export function int32(source: Uint8Array, at: number): number {
  const low = (source[at] ?? 0) | ((source[at + 1] ?? 0) << 8);
  return low | ((source[at + 2] ?? 0) << 16) | ((source[at + 3] ?? 0) << 24);
}

/** @throws NotStructError if it is not an integer that a double represents exactly */
function safeInt64(source: Uint8Array, at: number): number {
  const value = int32(source, at + 4) * 2 ** 32 + (int32(source, at) >>> 0);
  if (Number.isSafeInteger(value)) return value;
  throw new NotStructError('a number has the BSON type long and is beyond ±(2^53 - 1)');
}
