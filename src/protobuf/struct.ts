import type { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { StructBytes } from '../core/struct/struct-bytes';
import { readStruct, writeStruct } from '../core/struct/struct-codec';
import { RawStructReader } from './raw-struct-reader';

/** What a field of the type google.protobuf.Struct holds. */
type StructField = Record<string, unknown> | StructBytes;

/** Stands in for ts-proto's codec of google.protobuf.Struct in the generated code. */
export const Struct = {
  /** ts-proto's hooks around the codec: there is nothing to wrap. */
  wrap: (struct: StructField): StructField => struct,
  unwrap: (struct: StructField): StructField => struct,

  encode(struct: StructField, writer: BinaryWriter): BinaryWriter {
    return struct instanceof StructBytes ? writer.raw(struct.bytes) : writeStruct(struct, writer);
  },

  /** Bytes, where the reader leaves them so; otherwise a plain object. */
  decode(reader: BinaryReader, length: number): StructField {
    return reader instanceof RawStructReader ? reader.struct(length) : readStruct(reader, length);
  },
};
