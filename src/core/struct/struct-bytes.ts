import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { type JsonObject, sameJson } from './json';
import { decodeUtf8 } from './utf8';
import { readStruct, writeStruct } from './struct-codec';

/**
 * A JSON object, encoded as a `google.protobuf.Struct`.
 *
 * Payloads and metadata are received, stored and sent in this form. The service does not need
 * their content, and decoding them would be most of the cost of an event.
 */
export class StructBytes {
  static readonly EMPTY = new StructBytes(new Uint8Array());

  constructor(readonly bytes: Uint8Array) {}

  static of(object: JsonObject): StructBytes {
    return new StructBytes(writeStruct(object, new BinaryWriter()).finish());
  }

  /** @throws if the bytes are not a Struct; a Value without a kind is decoded as `undefined` */
  toJson(): JsonObject {
    return readStruct(new BinaryReader(this.bytes, decodeUtf8), this.bytes.length) as JsonObject;
  }

  /** Whether both contain equal values. */
  equals(other: StructBytes): boolean {
    return Buffer.compare(this.bytes, other.bytes) === 0 || sameJson(this.toJson(), other.toJson());
  }
}
