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
  return new FieldWalk(message).isSimple(message.length, fields) ? message : merge(message, fields);
}

/** As in tags. */
const WIRE_TYPES = { varint: 0, fixed64: 1, delimited: 2, fixed32: 5 } as const;

/** Walks through a message without decoding it. */
class FieldWalk {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  /** Whether the message that extends to `end` is well-formed, and has each field that is not repeated at most once. */
  isSimple(end: number, fields: MessageFields): boolean {
    let seen = 0;
    while (this.at < end) {
      const tag = this.varint();
      const number = tag >>> 3;
      if (number === 0) return false;
      const wireType = tag & 7;
      if (wireType !== WIRE_TYPES.delimited) {
        if (!this.skip(wireType)) return false;
        continue;
      }
      const length = this.varint();
      const fieldEnd = this.at + length;
      if (length < 0 || fieldEnd > end) return false;
      const field = fields[number];
      if (field !== undefined) {
        const bit = 1 << number;
        if (field.repeated !== true && (seen & bit) !== 0) return false;
        seen |= bit;
        if (field.fields !== undefined && !this.isSimple(fieldEnd, field.fields)) return false;
      }
      this.at = fieldEnd;
    }
    return this.at === end;
  }

  private skip(wireType: number): boolean {
    switch (wireType) {
      case WIRE_TYPES.varint:
        for (let length = 1; length <= 10; length += 1) {
          if ((this.bytes[this.at++] ?? 0x80) < 0x80) return true;
        }
        return false;
      case WIRE_TYPES.fixed64:
        this.at += 8;
        return true;
      case WIRE_TYPES.fixed32:
        this.at += 4;
        return true;
      default:
        return false;
    }
  }

  /** Reads a tag or a length; -1 if it is longer than four bytes, which is unusual. */
  private varint(): number {
    let value = 0;
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.bytes[this.at++] ?? 0x80;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return -1;
  }
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
