import { inspect } from 'node:util';
import { mongo, Types } from 'mongoose';
import { UnreadableRowError } from '../../../core/unreadable-row';

interface Document {
  readonly _id: Types.ObjectId;
}

/** A document as it is stored. Another program may have written it, so its fields are not known. */
export type Unchecked<Row> = { readonly [Field in keyof Row]?: unknown };

/** Returns the fields of a row; those that are documents as their BSON. A text that is not valid UTF-8 spoils no other field. */
export function deserializeRow(row: Buffer): mongo.Document {
  return mongo.BSON.deserialize(row, { raw: true, validation: { utf8: false } });
}

/** What this service writes to a collection. */
export interface RowFormat<Row extends Document> {
  readonly collection: string;
  /** For each field, whether this service could have written the value. */
  readonly checks: { readonly [Field in keyof Row]-?: (value: unknown) => boolean };
  /** Returns the row's IDs. */
  readonly nameOf: (row: Unchecked<Row>) => string;
}

/** Returns the document. @throws UnreadableRowError if a field is missing or has a wrong type */
export function checkRow<Row extends Document>(row: Unchecked<Row>, format: RowFormat<Row>): Row {
  if (isReadable(row, format)) return row;
  const { checks, collection, nameOf } = format;
  const invalid: string[] = [];
  for (const field in checks) if (!checks[field](row[field])) invalid.push(field);
  throw new UnreadableRowError(collection, nameOf(row), invalidFieldsReason(invalid));
}

function isReadable<Row extends Document>(row: Unchecked<Row>, { checks }: RowFormat<Row>): row is Row {
  for (const field in checks) if (!checks[field](row[field])) return false;
  return true;
}

/** @param fields their names */
export function invalidFieldsReason(fields: readonly string[]): string {
  return `its ${fields.join(', ')} is missing, or not what this service writes`;
}

/** A value for an error message, whatever it is. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof mongo.Decimal128) return value.toString();
  return inspect(value, { depth: 0, maxStringLength: 40, maxArrayLength: 3, breakLength: Infinity }).slice(
    0,
    100,
  );
}

/** A text, or the texts of a list: MongoDB indexes and finds a list by each of its values. */
export function textsOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.filter(isString) : [];
}

export function isString(value: unknown): value is string {
  return typeof value === 'string';
}

export function isBytes(value: unknown): boolean {
  return value instanceof Uint8Array;
}

export function isObjectId(value: unknown): value is Types.ObjectId {
  return value instanceof Types.ObjectId;
}

export function isDate(value: unknown): value is Date {
  return value instanceof Date && !Number.isNaN(value.getTime());
}

/** A sequence or a revision: 1, 2, 3 … */
export function isCounter(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0;
}
