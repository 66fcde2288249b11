import { isJsonObject, type JsonObject, type JsonValue } from '../core/struct/json';
import { truncateText } from '../core/validation/text';
import type { Violations } from '../core/validation/violations';
import type { JsonBody } from './json-body';

/** How many unknown keys an error lists, and how many bytes of each. */
const MAX_UNKNOWN_KEYS = 10;
const MAX_UNKNOWN_KEY_BYTES = 100;

const INEXACT = 'must be a whole number that a double can hold; send it as a string';

/**
 * Reads a parsed body or query field by field. A value of the wrong JSON type is a violation under
 * the field's name in the core; the core validates the value itself.
 */
export class FieldReader {
  private readonly object: JsonObject;

  /** Reads a body. @param names all allowed keys */
  static ofBody(violations: Violations, body: JsonBody | undefined, names: readonly string[]): FieldReader {
    for (const { field, inside } of body?.inexactNumbers ?? []) {
      // A number in place of a field's value has the wrong type anyway.
      if (inside !== '' && names.includes(field)) violations.addInside(field, inside, INEXACT);
    }
    return new FieldReader(violations, body?.value, names);
  }

  /** @param names all allowed keys */
  constructor(
    private readonly violations: Violations,
    body: unknown,
    names: readonly string[],
  ) {
    this.object = isJsonObject(body) ? body : {};
    if (body !== undefined && !isJsonObject(body)) violations.add('', 'the body must be a JSON object');
    const unknown = Object.keys(this.object).filter((key) => !names.includes(key));
    for (const key of unknown.slice(0, MAX_UNKNOWN_KEYS))
      violations.add(
        '',
        `${truncateText(key, MAX_UNKNOWN_KEY_BYTES)} is not a known key; the keys are ${names.join(', ')}`,
      );
    const more = unknown.length - MAX_UNKNOWN_KEYS;
    if (more > 0) violations.add('', `${more} more keys are unknown`);
  }

  requiredText(name: string, field: string): string {
    const text = this.optionalText(name, field);
    if (text === undefined) this.violations.addUnread(field, 'is required');
    return text ?? '';
  }

  optionalText(name: string, field: string): string | undefined {
    const value = this.value(name);
    if (value === undefined || typeof value === 'string') return value;
    this.violations.addUnread(field, 'must be a string');
    return '';
  }

  optionalObject(name: string, field: string): JsonObject | undefined {
    const value = this.value(name);
    if (value === undefined || isJsonObject(value)) return value;
    this.violations.addUnread(field, 'must be a JSON object');
    return undefined;
  }

  /** A whole number in a query; 0 if it is absent, NaN if it is not a whole number. */
  number(name: string): number {
    const value = this.value(name);
    if (value === undefined) return 0;
    return typeof value === 'string' && /^-?[0-9]{1,20}$/.test(value) ? Number(value) : NaN;
  }

  /** Undefined if the key is absent or null: many clients write null for an absent value. */
  private value(name: string): JsonValue | undefined {
    return Object.hasOwn(this.object, name) ? (this.object[name] ?? undefined) : undefined;
  }
}
