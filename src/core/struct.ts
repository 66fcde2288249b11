import type { JsonObject } from './json';
import { LIMITS } from './limits';
import type { Violations } from './violations';

/** A JSON object that keeps the rules, and its size. */
export interface CheckedStruct {
  readonly object: JsonObject;
  /** Bytes of the `google.protobuf.Struct` that encodes it. */
  readonly size: number;
}

/**
 * Checks a payload or metadata and measures it, in one pass.
 *
 * @param value as a face decoded it: `undefined` inside stands for a Value of no kind
 * @param maximumBytes the most bytes that its protobuf encoding may have
 */
export function checkStruct(
  violations: Violations,
  field: string,
  value: JsonObject | undefined,
  maximumBytes: number,
): CheckedStruct {
  const object = value ?? {};
  const walk = new StructWalk();
  const size = walk.structSize(object, 1);
  for (const fault of walk.faults) violations.add(field, fault);
  if (size > maximumBytes) {
    violations.add(field, `must be at most ${maximumBytes} bytes in the protobuf encoding, and is ${size}`);
  }
  return { object, size };
}

/** The sizes are those of the messages Struct, ListValue and Value in google/protobuf/struct.proto. */
class StructWalk {
  /** Each kind of fault once: a list of 10,000 NaNs is one line for its author. */
  readonly faults = new Set<string>();

  structSize(object: JsonObject, level: number): number {
    if (this.tooDeep(level)) return 0;
    let size = 0;
    for (const key of Object.keys(object)) {
      if (key.includes('\0')) this.faults.add('must not contain the character U+0000 in a key');
      const entry = delimited(this.stringSize(key)) + delimited(this.valueSize(object[key], level));
      size += delimited(entry);
    }
    return size;
  }

  private listSize(list: readonly unknown[], level: number): number {
    if (this.tooDeep(level)) return 0;
    let size = 0;
    for (const item of list) size += delimited(this.valueSize(item, level));
    return size;
  }

  private valueSize(value: unknown, level: number): number {
    switch (typeof value) {
      case 'string':
        return delimited(this.stringSize(value));
      case 'number':
        if (!Number.isFinite(value)) this.faults.add('must hold finite numbers only, no NaN and no infinity');
        return 9;
      case 'boolean':
        return 2;
      case 'object':
        if (value === null) return 2;
        if (Array.isArray(value)) return delimited(this.listSize(value, level + 1));
        return delimited(this.structSize(value as JsonObject, level + 1));
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
export function delimited(length: number): number {
  let bytes = 2 + length;
  for (let rest = length; rest > 127; rest = Math.floor(rest / 128)) bytes += 1;
  return bytes;
}
