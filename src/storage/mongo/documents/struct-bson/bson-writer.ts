import { StructBytes } from '../../../../core/struct/struct-bytes';
import { BSON } from './bson-types';
import { ScratchBuffer } from './scratch-buffer';
import { EMPTY_DOCUMENT_BYTES, MAXIMUM_GROWTH, StructToBson } from './struct-to-bson';

/** Up to this many characters a loop is faster than a native call. */
const SHORT_TEXT = 64;

const MAXIMUM_CHARACTER_BYTES = 3;
const TWO_POW_32 = 2 ** 32;

/** The name of a field, encoded once for all documents. */
export interface FieldName {
  /** With the zero byte that ends a name. */
  readonly bytes: Uint8Array;
}

export function fieldName(name: string): FieldName {
  return { bytes: Buffer.from(`${name}\0`) };
}

/**
 * Writes documents field by field, one after the other. The buffer is kept for the next documents, so
 * one writer can serve all calls: a caller writes and takes its documents without waiting in between.
 */
export class BsonWriter extends ScratchBuffer {
  private documentAt = 0;
  private readonly structs = new StructToBson();

  /** Bytes of the documents since the last `take`. */
  get length(): number {
    return this.end;
  }

  /** Returns the documents, and empties the writer. */
  take(): Buffer {
    return this.takeBytes();
  }

  /** Removes what was written: necessary if a caller may have failed before it took its documents. */
  clear(): void {
    this.end = 0;
  }

  startDocument(): void {
    this.reserve(EMPTY_DOCUMENT_BYTES);
    this.documentAt = this.end;
    this.end += 4;
  }

  endDocument(): void {
    this.reserve(1);
    this.target[this.end++] = 0;
    this.target.writeInt32LE(this.end - this.documentAt, this.documentAt);
  }

  /** @param id its 12 bytes */
  objectId(name: FieldName, id: Uint8Array): void {
    this.field(BSON.objectId, name, id.length);
    this.copy(id);
  }

  string(name: FieldName, text: string): void {
    this.field(BSON.string, name, MAXIMUM_CHARACTER_BYTES * text.length + 5);
    const start = this.end + 4;
    let length = this.writeAscii(text, start);
    if (length < text.length) length = this.target.write(text, start);
    this.target.writeInt32LE(length + 1, this.end);
    this.target[start + length] = 0;
    this.end = start + length + 1;
  }

  /** Writes an int32 where it fits, and a double otherwise, as the driver does. */
  integer(name: FieldName, value: number): void {
    if (value === (value | 0)) {
      this.field(BSON.int32, name, 4);
      this.end = this.target.writeInt32LE(value, this.end);
    } else {
      this.field(BSON.double, name, 8);
      this.end = this.target.writeDoubleLE(value, this.end);
    }
  }

  null(name: FieldName): void {
    this.field(BSON.null, name, 0);
  }

  /** @param time in milliseconds since 1970 */
  date(name: FieldName, time: number): void {
    this.field(BSON.date, name, 8);
    this.end = this.target.writeInt32LE(time | 0, this.end);
    this.end = this.target.writeInt32LE(Math.floor(time / TWO_POW_32), this.end);
  }

  /** @param bytes the canonical protobuf encoding of a Struct */
  struct(name: FieldName, bytes: Uint8Array): void {
    this.field(BSON.object, name, Math.ceil(bytes.length * MAXIMUM_GROWTH) + EMPTY_DOCUMENT_BYTES);
    const start = this.end;
    this.end = this.structs.write(bytes, this.target, start);
    if (!this.structs.mayRepeatKeys) return;
    const { bytes: unique } = StructBytes.of(new StructBytes(bytes).toJson());
    this.end = this.structs.write(unique, this.target, start);
  }

  /** Writes type and name, and reserves room for the value. */
  private field(type: number, { bytes }: FieldName, valueBytes: number): void {
    this.reserve(1 + bytes.length + valueBytes);
    this.target[this.end++] = type;
    this.copy(bytes);
  }

  private copy(bytes: Uint8Array): void {
    const { target, end } = this;
    for (let i = 0; i < bytes.length; i += 1) target[end + i] = bytes[i] ?? 0;
    this.end = end + bytes.length;
  }

  /** Writes a short text if it is ASCII. Returns the length of what it wrote. */
  private writeAscii(text: string, start: number): number {
    const { target } = this;
    if (text.length > SHORT_TEXT) return 0;
    for (let i = 0; i < text.length; i += 1) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) return i;
      target[start + i] = code;
    }
    return text.length;
  }
}
