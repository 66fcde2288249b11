import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** The fields of a message that contain messages, by number. */
export interface MessageFields {
  readonly [number: number]: MessageField;
}

export interface MessageField {
  readonly repeated?: true;
  /** The fields of the contained message; undefined: its decoder needs no merged fields. */
  readonly fields?: MessageFields;
}

/**
 * Returns the message with each field that is not repeated at most once. Where such a field occurs
 * several times, protobuf merges its messages, which is to concatenate their bytes; ts-proto's
 * decoders keep only the last one. Such messages are rare: any other is returned as it is.
 *
 * @throws if the bytes are malformed. A generated decoder would end at a stray zero as if the message ended
 */
export function mergeFields(message: Uint8Array, fields: MessageFields): Uint8Array {
  const reader = new BinaryReader(message);
  return hasRepetition(reader, reader.len, fields) ? merge(message, fields) : message;
}

function hasRepetition(reader: BinaryReader, end: number, fields: MessageFields): boolean {
  let found = false;
  let seen = 0;
  while (reader.pos < end) {
    const [number, wireType] = reader.tag();
    const field = wireType === WireType.LengthDelimited ? fields[number] : undefined;
    if (field !== undefined && field.repeated !== true) {
      const bit = 1 << number;
      found ||= (seen & bit) !== 0;
      seen |= bit;
    }
    if (field?.fields === undefined) reader.skip(wireType, number);
    else if (hasRepetition(reader, reader.uint32() + reader.pos, field.fields)) found = true;
  }
  if (reader.pos !== end) throw new RangeError('a length exceeds the enclosing message');
  return found;
}

function merge(message: Uint8Array, fields: MessageFields): Uint8Array {
  const reader = new BinaryReader(message);
  const writer = new BinaryWriter();
  const contents = new Map<number, Uint8Array[]>();
  const write = (number: number, content: Uint8Array): void => {
    const inner = fields[number]?.fields;
    const merged = inner === undefined ? content : merge(content, inner);
    writer.uint32((number << 3) | WireType.LengthDelimited).bytes(merged);
  };
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [number, wireType] = reader.tag();
    const field = wireType === WireType.LengthDelimited ? fields[number] : undefined;
    if (field === undefined) {
      reader.skip(wireType, number);
      writer.raw(message.subarray(start, reader.pos));
    } else if (field.repeated === true) {
      write(number, reader.bytes());
    } else {
      const parts = contents.get(number) ?? [];
      parts.push(reader.bytes());
      contents.set(number, parts);
    }
  }
  for (const [number, parts] of contents) write(number, Buffer.concat(parts));
  return writer.finish();
}
