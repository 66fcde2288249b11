import { errorMessage } from '../error-message';
import type { JsonObject } from '../struct/json';
import { LIMITS } from '../limits';
import type { Violations } from './violations';
import { isCanonicalStruct } from '../struct/canonical-struct';
import { StructBytes } from '../struct/struct-bytes';

/**
 * Checks a payload or metadata, and returns it as it will be stored.
 *
 * @param value bytes from gRPC, or an object from HTTP; undefined means `{}`
 * @param maximumBytes limit of its size in the protobuf encoding
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
    violations.add(field, `does not decode as google.protobuf.Struct: ${errorMessage(error)}`);
    return StructBytes.EMPTY;
  }
}

/** @param object `undefined` in it stands for a Value without a kind */
function checkObject(
  violations: Violations,
  field: string,
  object: JsonObject,
  maximumBytes: number,
): StructBytes {
  const validator = new StructValidator();
  const size = validator.structSize(object, 1);
  for (const fault of validator.faults) violations.add(field, fault);
  checkSize(violations, field, size, maximumBytes);
  return validator.faults.size === 0 && size <= maximumBytes ? StructBytes.of(object) : StructBytes.EMPTY;
}

function checkSize(violations: Violations, field: string, size: number, maximumBytes: number): void {
  if (size > maximumBytes)
    violations.add(field, `must be at most ${maximumBytes} bytes in the protobuf encoding; got ${size}`);
}

/** Computes encoded sizes: those of the messages Struct, ListValue and Value in google/protobuf/struct.proto. */
class StructValidator {
  /** Each kind of fault once: a list of 10,000 NaNs is one violation. */
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
        if (!Number.isFinite(value)) this.faults.add('must contain only finite numbers (no NaN or infinity)');
        return 9;
      case 'boolean':
        return 2;
      case 'object':
        if (value === null) return 2;
        if (Array.isArray(value)) return delimitedSize(this.listSize(value, level + 1));
        return delimitedSize(this.structSize(value as JsonObject, level + 1));
      default:
        this.faults.add('must not contain a Value without a kind; use null_value for null');
        return 0;
    }
  }

  private stringSize(text: string): number {
    if (!text.isWellFormed())
      this.faults.add('must be valid Unicode; a string contains an unpaired surrogate');
    return Buffer.byteLength(text);
  }

  private tooDeep(level: number): boolean {
    if (level <= LIMITS.structLevels) return false;
    this.faults.add(`must have at most ${LIMITS.structLevels} levels of objects and lists`);
    return true;
  }
}

/** The encoded size of a length-delimited field with a number below 16: tag, length and content. */
export function delimitedSize(length: number): number {
  let bytes = 2 + length;
  for (let rest = length; rest > 127; rest = Math.floor(rest / 128)) bytes += 1;
  return bytes;
}
