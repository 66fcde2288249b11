import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { type JsonObject, sameJson } from './json';
import { decodeUtf8 } from './utf8';
import { readStruct, writeStruct } from './struct-codec';

/**
 * A JSON object as the bytes of the `google.protobuf.Struct` that encodes it.
 *
 * Payloads and metadata come, are stored and go in this form: nobody on the way
 * needs what is in them, and taking them apart would be most of what an event costs.
 */
export class StructBytes {
  static readonly EMPTY = new StructBytes(new Uint8Array());

  constructor(readonly bytes: Uint8Array) {}

  static of(object: JsonObject): StructBytes {
    return new StructBytes(writeStruct(object, new BinaryWriter()).finish());
  }

  /** @throws where the bytes are no Struct; a Value of no kind reads as `undefined` */
  toJson(): JsonObject {
    return readStruct(new BinaryReader(this.bytes, decodeUtf8), this.bytes.length) as JsonObject;
  }

  /** Whether both hold the same values. */
  equals(other: StructBytes): boolean {
    return Buffer.compare(this.bytes, other.bytes) === 0 || sameJson(this.toJson(), other.toJson());
  }
}
