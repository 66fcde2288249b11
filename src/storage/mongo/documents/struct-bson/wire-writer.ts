import {
  KEY_OF_ENTRY,
  STRUCT_ENTRY,
  VALUE_OF_ENTRY,
  VALUE_OF_LIST,
} from '../../../../core/struct/struct-codec';
import { ScratchBuffer } from './scratch-buffer';
import { delimitedSize, entryHeaderSize, itemHeaderSize } from './wire-sizes';

/** In place of a key's length: an element of a list has no key. */
export const NO_KEY = -1;

export const NOTHING = Buffer.alloc(0);

/** Writes a Struct's protobuf encoding, with the keys copied from BSON. */
export abstract class WireWriter extends ScratchBuffer {
  protected source: Uint8Array = NOTHING;

  /** Writes what precedes a Value: its own tag and length, and in an object those of entry and key too. */
  protected header(keyAt: number, keyLength: number, valueSize: number): void {
    const { source, target } = this;
    if (keyLength === NO_KEY) {
      target[this.end++] = VALUE_OF_LIST;
    } else {
      target[this.end++] = STRUCT_ENTRY;
      this.varint(delimitedSize(keyLength) + delimitedSize(valueSize));
      target[this.end++] = KEY_OF_ENTRY;
      this.varint(keyLength);
      let { end } = this;
      for (let i = 0; i < keyLength; i += 1) target[end++] = source[keyAt + i] ?? 0;
      target[end++] = VALUE_OF_ENTRY;
      this.end = end;
    }
    this.varint(valueSize);
  }

  protected varint(value: number): void {
    const { target } = this;
    let rest = value;
    while (rest > 0x7f) {
      target[this.end++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    target[this.end++] = rest;
  }
}

/** Bytes before the content of an object or list. */
export function headerSize(keyLength: number, contentLength: number): number {
  return keyLength === NO_KEY ? itemHeaderSize(contentLength) : entryHeaderSize(keyLength, contentLength);
}
