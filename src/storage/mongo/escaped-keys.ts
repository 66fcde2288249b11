import { type JsonObject, type JsonValue, setKey } from '../../core/json';

/**
 * Keys that the BSON library reads a meaning into: an object with `_bsontype` is
 * taken for one of its own types, and one with `$ref` and `$id` comes back as a
 * DBRef. They are stored with a mark before them; a key that has the mark
 * already gets one more, so that every key comes back as it was.
 */
const MARK = '~';
const TAKES_MARK = /^~*(?:_bsontype|\$ref|\$id|\$db)$/;
const HAS_MARK = /^~+(?:_bsontype|\$ref|\$id|\$db)$/;

export interface EscapedObject {
  readonly object: JsonObject;
  /** Whether any key was renamed. */
  readonly escaped: boolean;
}

export function escapeKeys(object: JsonObject): EscapedObject {
  if (!needsEscape(object)) return { object, escaped: false };
  return { object: renameKeys(object, (key) => (TAKES_MARK.test(key) ? MARK + key : key)), escaped: true };
}

export function unescapeKeys(object: JsonObject): JsonObject {
  return renameKeys(object, (key) => (HAS_MARK.test(key) ? key.slice(MARK.length) : key));
}

function needsEscape(value: JsonValue): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(needsEscape);
  return Object.keys(value).some((key) => TAKES_MARK.test(key) || needsEscape(value[key] ?? null));
}

function renameKeys(object: JsonObject, rename: (key: string) => string): JsonObject {
  const renamed: JsonObject = {};
  for (const key of Object.keys(object)) setKey(renamed, rename(key), renameIn(object[key] ?? null, rename));
  return renamed;
}

function renameIn(value: JsonValue, rename: (key: string) => string): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => renameIn(item, rename));
  return renameKeys(value, rename);
}
