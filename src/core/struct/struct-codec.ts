import { type BinaryReader, type BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { setKey } from './json';
import { LIMITS } from '../limits';

/**
 * The codec of google.protobuf.Struct, directly between bytes and plain objects.
 *
 * ts-proto's codec creates an intermediate object for each value, loses keys such as `__proto__`,
 * and fails at 100 nested messages. This one decodes one level beyond the limit and skips the
 * rest, so that validation can report the depth. It decodes a Value without a kind as `undefined`
 * for the same reason. A Value, or its Struct or list, that occurs twice in its message is merged, as
 * protobuf prescribes.
 */

/** A tag: the field's number and its wire type (0 varint, 1 fixed 64 bits, 2 length-delimited). */
const tag = (field: number, wireType: 0 | 1 | 2): number => (field << 3) | wireType;

/** Tags in Struct, in an entry of its map, and in ListValue. */
export const STRUCT_ENTRY = tag(1, 2);
export const KEY_OF_ENTRY = tag(1, 2);
export const VALUE_OF_ENTRY = tag(2, 2);
export const VALUE_OF_LIST = tag(1, 2);

/** Tags of the kinds of a Value. */
export const VALUE_TAGS = {
  null: tag(1, 0),
  number: tag(2, 1),
  string: tag(3, 2),
  bool: tag(4, 0),
  struct: tag(5, 2),
  list: tag(6, 2),
} as const;

/** Writes the content of the object's Struct, without a length. */
export function writeStruct(object: Record<string, unknown>, writer: BinaryWriter): BinaryWriter {
  for (const key of Object.keys(object)) {
    writer.uint32(STRUCT_ENTRY).fork();
    writer.uint32(KEY_OF_ENTRY).string(key);
    writer.uint32(VALUE_OF_ENTRY).fork();
    writeValue(object[key], writer);
    writer.join();
    writer.join();
  }
  return writer;
}

function writeValue(value: unknown, writer: BinaryWriter): void {
  switch (typeof value) {
    case 'string':
      writer.uint32(VALUE_TAGS.string).string(value);
      return;
    case 'number':
      // Adding 0 turns -0 into 0.
      writer.uint32(VALUE_TAGS.number).double(value + 0);
      return;
    case 'boolean':
      writer.uint32(VALUE_TAGS.bool).bool(value);
      return;
    case 'undefined':
      return;
    default:
      if (value === null) {
        writer.uint32(VALUE_TAGS.null).int32(0);
      } else if (Array.isArray(value)) {
        writer.uint32(VALUE_TAGS.list).fork();
        for (const item of value) {
          writer.uint32(VALUE_OF_LIST).fork();
          writeValue(item, writer);
          writer.join();
        }
        writer.join();
      } else {
        writer.uint32(VALUE_TAGS.struct).fork();
        writeStruct(value as Record<string, unknown>, writer);
        writer.join();
      }
  }
}

/** Reads a Struct of `length` bytes into the object. @throws if they are malformed */
export function readStruct(
  reader: BinaryReader,
  length: number,
  level = 1,
  object: Record<string, unknown> = {},
): Record<string, unknown> {
  const end = endOf(reader, length);
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
    const fieldTag = (field << 3) | wireType;
    if (fieldTag === KEY_OF_ENTRY) key = reader.string();
    else if (fieldTag === VALUE_OF_ENTRY) value = readValue(reader, level, value);
    else reader.skip(wireType, field);
  }
  expectEnd(reader, end);
  setKey(object, key, value);
}

/** @param previous the value so far, of a Value that occurs again */
function readValue(reader: BinaryReader, level: number, previous?: unknown): unknown {
  const end = endOf(reader, reader.uint32());
  let value = previous;
  while (reader.pos < end) {
    const [field, wireType] = reader.tag();
    switch ((field << 3) | wireType) {
      case VALUE_TAGS.null:
        reader.int32();
        value = null;
        break;
      case VALUE_TAGS.number:
        value = reader.double();
        break;
      case VALUE_TAGS.string:
        value = reader.string();
        break;
      case VALUE_TAGS.bool:
        value = reader.bool();
        break;
      case VALUE_TAGS.struct:
        value = readStruct(reader, reader.uint32(), level + 1, isObject(value) ? value : {});
        break;
      case VALUE_TAGS.list:
        value = readList(reader, level + 1, Array.isArray(value) ? value : []);
        break;
      default:
        reader.skip(wireType, field);
    }
  }
  expectEnd(reader, end);
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readList(reader: BinaryReader, level: number, list: unknown[]): unknown[] {
  const end = endOf(reader, reader.uint32());
  if (level > LIMITS.structLevels) reader.pos = end;
  while (reader.pos < end) {
    const [field, wireType] = reader.tag();
    if (field === 1 && wireType === WireType.LengthDelimited) list.push(readValue(reader, level));
    else reader.skip(wireType, field);
  }
  expectEnd(reader, end);
  return list;
}

/** @throws if a nested message was longer than its parent */
function expectEnd(reader: BinaryReader, end: number): void {
  if (reader.pos !== end) throw new RangeError('a length exceeds the enclosing message');
}

function endOf(reader: BinaryReader, length: number): number {
  const end = reader.pos + length;
  if (end > reader.len) throw new RangeError('a length exceeds the message');
  return end;
}
