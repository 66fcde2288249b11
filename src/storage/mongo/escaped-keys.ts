import { type JsonObject, type JsonValue, setKey } from '../../core/json';

/**
 * Keys that the BSON library reads a meaning into: an object with `_bsontype` is
 * taken for one of its own types; one with `$ref` and `$id` comes back as a DBRef;
 * a list under a name that every object has comes back as raw bytes, since the
 * library looks the name up in an object of its options.
 */
const MISREAD = new Set(['_bsontype', '$ref', '$id', '$db', ...Object.getOwnPropertyNames(Object.prototype)]);

/**
 * They are stored with this before them; a key that has it already gets one more,
 * so that every key comes back as it was.
 */
const MARK = '~';

const takesMark = (key: string): boolean => MISREAD.has(key.startsWith(MARK) ? key.replace(/^~+/, '') : key);
const hasMark = (key: string): boolean => key.startsWith(MARK) && takesMark(key);

export interface EscapedObject {
  readonly object: JsonObject;
  /** Whether any key was renamed. */
  readonly escaped: boolean;
}

export function escapeKeys(object: JsonObject): EscapedObject {
  if (!needsEscape(object)) return { object, escaped: false };
  return { object: renameKeys(object, (key) => (takesMark(key) ? MARK + key : key)), escaped: true };
}

export function unescapeKeys(object: JsonObject): JsonObject {
  return renameKeys(object, (key) => (hasMark(key) ? key.slice(MARK.length) : key));
}

function needsEscape(value: JsonValue): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(needsEscape);
  return Object.keys(value).some((key) => takesMark(key) || needsEscape(value[key] ?? null));
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
