import type { JsonObject, JsonValue } from '../core/struct/json';
import { truncateText } from '../core/validation/text';
import type { Violations } from '../core/validation/violations';

/** Keys that nobody knows which are told of, and how much of each. */
const UNKNOWN_LISTED = 10;
const UNKNOWN_BYTES = 100;

/**
 * Reads a parsed body or query field by field. What has the wrong JSON type is a violation, by the
 * field's name in core; what the value has to be like is core's to say.
 */
export class FieldReader {
  private readonly object: JsonObject;

  /** @param names every key that there can be */
  constructor(
    private readonly violations: Violations,
    body: unknown,
    names: readonly string[],
  ) {
    this.object = isObject(body) ? body : {};
    if (body !== undefined && !isObject(body)) violations.add('', 'the body must be a JSON object');
    const unknown = Object.keys(this.object).filter((key) => !names.includes(key));
    for (const key of unknown.slice(0, UNKNOWN_LISTED))
      violations.add('', `${truncateText(key, UNKNOWN_BYTES)} is not known: there are ${names.join(', ')}`);
    const more = unknown.length - UNKNOWN_LISTED;
    if (more > 0) violations.add('', `${more} more keys are not known`);
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
    if (value === undefined || isObject(value)) return value;
    this.violations.addUnread(field, 'must be a JSON object');
    return undefined;
  }

  /** A whole number of a query; 0 where it is left out, NaN where it is none. */
  number(name: string): number {
    const value = this.value(name);
    if (value === undefined) return 0;
    return typeof value === 'string' && /^-?[0-9]{1,20}$/.test(value) ? Number(value) : NaN;
  }

  /** Undefined where it is left out, for which many clients write null. */
  private value(name: string): JsonValue | undefined {
    return Object.hasOwn(this.object, name) ? (this.object[name] ?? undefined) : undefined;
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
