import { type BinaryReader, type BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { setKey } from '../core/json';
import { LIMITS } from '../core/limits';

/**
 * The codec of google.protobuf.Struct, straight between bytes and plain objects.
 *
 * It stands in for ts-proto's own, which goes through an intermediate object for
 * each value, loses keys such as `__proto__`, and gives up at 100 nested messages.
 * This one reads what is too deep as far as the first level beyond the limit and
 * passes over the rest, so that the check of the limits can say so; a Value of no
 * kind reads as `undefined`, for the same reason.
 */
export const Struct = {
  /** ts-proto's hooks around the codec: there is nothing to wrap. */
  wrap: (object: Record<string, unknown>): Record<string, unknown> => object,
  unwrap: (object: Record<string, unknown>): Record<string, unknown> => object,

  encode: writeStruct,

  decode: (reader: BinaryReader, length: number): Record<string, unknown> => readStruct(reader, length, 1),
};

/** A tag: the field's number and its wire type (0 varint, 1 fixed 64 bits, 2 length-delimited). */
const tag = (field: number, wireType: 0 | 1 | 2): number => (field << 3) | wireType;

const STRUCT_FIELDS = tag(1, 2);
const ENTRY_KEY = tag(1, 2);
const ENTRY_VALUE = tag(2, 2);
const LIST_VALUES = tag(1, 2);
const NULL_VALUE = tag(1, 0);
const NUMBER_VALUE = tag(2, 1);
const STRING_VALUE = tag(3, 2);
const BOOL_VALUE = tag(4, 0);
const STRUCT_VALUE = tag(5, 2);
const LIST_VALUE = tag(6, 2);

function writeStruct(object: Record<string, unknown>, writer: BinaryWriter): BinaryWriter {
  for (const key of Object.keys(object)) {
    writer.uint32(STRUCT_FIELDS).fork();
    writer.uint32(ENTRY_KEY).string(key);
    writer.uint32(ENTRY_VALUE).fork();
    writeValue(object[key], writer);
    writer.join();
    writer.join();
  }
  return writer;
}

function writeValue(value: unknown, writer: BinaryWriter): void {
  switch (typeof value) {
    case 'string':
      writer.uint32(STRING_VALUE).string(value);
      return;
    case 'number':
      // Adding 0 turns -0 into 0.
      writer.uint32(NUMBER_VALUE).double(value + 0);
      return;
    case 'boolean':
      writer.uint32(BOOL_VALUE).bool(value);
      return;
    case 'undefined':
      return;
    default:
      if (value === null) {
        writer.uint32(NULL_VALUE).int32(0);
      } else if (Array.isArray(value)) {
        writer.uint32(LIST_VALUE).fork();
        for (const item of value) {
          writer.uint32(LIST_VALUES).fork();
          writeValue(item, writer);
          writer.join();
        }
        writer.join();
      } else {
        writer.uint32(STRUCT_VALUE).fork();
        writeStruct(value as Record<string, unknown>, writer);
        writer.join();
      }
  }
}

function readStruct(reader: BinaryReader, length: number, level: number): Record<string, unknown> {
  const end = endOf(reader, length);
  const object: Record<string, unknown> = {};
  if (level > LIMITS.structLevels) reader.pos = end;
  while (reader.pos < end) {
    const [field, wireType] = reader.tag();
    if (field === 1 && wireType === WireType.LengthDelimited) readEntry(reader, object, level);
    else reader.skip(wireType, field);
  }
  expectEnd(reader, end);
  return object;
}

function readEntry(reader: BinaryReader, object: Record<string, unknown>, level: number): void {
  const end = endOf(reader, reader.uint32());
  let key = '';
  let value: unknown;
  while (reader.pos < end) {
    const [field, wireType] = reader.tag();
    const found = (field << 3) | wireType;
    if (found === ENTRY_KEY) key = reader.string();
    else if (found === ENTRY_VALUE) value = readValue(reader, level);
    else reader.skip(wireType, field);
  }
  expectEnd(reader, end);
  setKey(object, key, value);
}

function readValue(reader: BinaryReader, level: number): unknown {
  const end = endOf(reader, reader.uint32());
  let value: unknown;
  while (reader.pos < end) {
    const [field, wireType] = reader.tag();
    switch ((field << 3) | wireType) {
      case NULL_VALUE:
        reader.int32();
        value = null;
        break;
      case NUMBER_VALUE:
        value = reader.double();
        break;
      case STRING_VALUE:
        value = reader.string();
        break;
      case BOOL_VALUE:
        value = reader.bool();
        break;
      case STRUCT_VALUE:
        value = readStruct(reader, reader.uint32(), level + 1);
        break;
      case LIST_VALUE:
        value = readList(reader, level + 1);
        break;
      default:
        reader.skip(wireType, field);
    }
  }
  expectEnd(reader, end);
  return value;
}

function readList(reader: BinaryReader, level: number): unknown[] {
  const end = endOf(reader, reader.uint32());
  const list: unknown[] = [];
  if (level > LIMITS.structLevels) reader.pos = end;
  while (reader.pos < end) {
    const [field, wireType] = reader.tag();
    if (field === 1 && wireType === WireType.LengthDelimited) list.push(readValue(reader, level));
    else reader.skip(wireType, field);
  }
  expectEnd(reader, end);
  return list;
}

/** Throws where what was read went beyond the end of what held it. */
function expectEnd(reader: BinaryReader, end: number): void {
  if (reader.pos !== end) throw new RangeError('a length is beyond the end of what holds it');
}

function endOf(reader: BinaryReader, length: number): number {
  const end = reader.pos + length;
  if (end > reader.len) throw new RangeError('a length is beyond the end of the message');
  return end;
}
