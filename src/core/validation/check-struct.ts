import type { JsonObject } from '../struct/json';
import { LIMITS } from '../limits';
import type { Violations } from './violations';
import { isCanonicalStruct } from '../struct/canonical-struct';
import { StructBytes } from '../struct/struct-bytes';

/**
 * Checks a payload or metadata, and returns it as it is to be stored.
 *
 * @param value as a face has it: bytes, or a plain object; absent means `{}`
 * @param maximumBytes the most bytes that its protobuf encoding may have
 */
export function checkStruct(
  violations: Violations,
  field: string,
  value: StructBytes | JsonObject = StructBytes.EMPTY,
  maximumBytes: number,
): StructBytes {
  if (!(value instanceof StructBytes)) return checkObject(violations, field, value, maximumBytes);
  if (isCanonicalStruct(value.bytes)) {
    checkSize(violations, field, value.bytes.length, maximumBytes);
    return value;
  }
  try {
    return checkObject(violations, field, value.toJson(), maximumBytes);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    violations.add(field, `does not decode as google.protobuf.Struct: ${why}`);
    return StructBytes.EMPTY;
  }
}

/** @param object `undefined` inside stands for a Value of no kind */
function checkObject(
  violations: Violations,
  field: string,
  object: JsonObject,
  maximumBytes: number,
): StructBytes {
  const walk = new StructValidator();
  const size = walk.structSize(object, 1);
  for (const fault of walk.faults) violations.add(field, fault);
  checkSize(violations, field, size, maximumBytes);
  return walk.faults.size === 0 && size <= maximumBytes ? StructBytes.of(object) : StructBytes.EMPTY;
}

function checkSize(violations: Violations, field: string, size: number, maximumBytes: number): void {
  if (size > maximumBytes)
    violations.add(field, `must be at most ${maximumBytes} bytes in the protobuf encoding, and is ${size}`);
}

/** The sizes are those of the messages Struct, ListValue and Value in google/protobuf/struct.proto. */
class StructValidator {
  /** Each kind of fault once: a list of 10,000 NaNs is one line for its author. */
  readonly faults = new Set<string>();

  structSize(object: JsonObject, level: number): number {
    if (this.tooDeep(level)) return 0;
    let size = 0;
    for (const key of Object.keys(object)) {
      if (key.includes('\0')) this.faults.add('must not contain the character U+0000 in a key');
      const entry = delimitedSize(this.stringSize(key)) + delimitedSize(this.valueSize(object[key], level));
      size += delimitedSize(entry);
    }
    return size;
  }

  private listSize(list: readonly unknown[], level: number): number {
    if (this.tooDeep(level)) return 0;
    let size = 0;
    for (const item of list) size += delimitedSize(this.valueSize(item, level));
    return size;
  }

  private valueSize(value: unknown, level: number): number {
    switch (typeof value) {
      case 'string':
        return delimitedSize(this.stringSize(value));
      case 'number':
        if (!Number.isFinite(value)) this.faults.add('must hold finite numbers only, no NaN and no infinity');
        return 9;
      case 'boolean':
        return 2;
      case 'object':
        if (value === null) return 2;
        if (Array.isArray(value)) return delimitedSize(this.listSize(value, level + 1));
        return delimitedSize(this.structSize(value as JsonObject, level + 1));
      default:
        this.faults.add('must not hold a Value of no kind: set null_value for null');
        return 0;
    }
  }

  private stringSize(text: string): number {
    if (!text.isWellFormed())
      this.faults.add('must hold valid Unicode only: a string has half of a surrogate pair');
    return Buffer.byteLength(text);
  }

  private tooDeep(level: number): boolean {
    if (level <= LIMITS.structLevels) return false;
    this.faults.add(`must have at most ${LIMITS.structLevels} levels of objects and lists`);
    return true;
  }
}

/** Bytes of a field of wire type 2 whose number is below 16: tag, length, content. */
export function delimitedSize(length: number): number {
  let bytes = 2 + length;
  for (let rest = length; rest > 127; rest = Math.floor(rest / 128)) bytes += 1;
  return bytes;
}
