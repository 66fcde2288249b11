import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** Encodes a field whose content is bytes or text, for requests that the generated code cannot write. */
export function bytesField(number: number, content: Uint8Array | string): Buffer {
  const writer = new BinaryWriter().uint32((number << 3) | WireType.LengthDelimited);
  return Buffer.from((typeof content === 'string' ? writer.string(content) : writer.bytes(content)).finish());
}

/** Encodes an integer field. */
export function intField(number: number, value: number | bigint): Buffer {
  return Buffer.from(
    new BinaryWriter()
      .uint32(number << 3)
      .int64(value)
      .finish(),
  );
}
