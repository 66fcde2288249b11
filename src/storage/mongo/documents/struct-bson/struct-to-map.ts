import { mongo } from 'mongoose';
import { type JsonObject, type JsonValue } from '../../../../core/struct/json';
import { StructBytes } from '../../../../core/struct/struct-bytes';

/**
 * Converts a Struct to values that the driver's own serializer writes as the same BSON, at ten times
 * the cost. Only maps are safe: the serializer takes a plain object with a key such as `_bsontype` for
 * something else, and writes whole numbers as int32.
 *
 * @param bytes the protobuf encoding of a Struct
 */
export function structToMap(bytes: Uint8Array): Map<string, unknown> {
  return mapOf(new StructBytes(bytes).toJson());
}

function mapOf(object: JsonObject): Map<string, unknown> {
  return new Map(Object.entries(object).map(([key, value]) => [key, bsonValue(value)]));
}

function bsonValue(value: JsonValue): unknown {
  if (typeof value === 'number') return new mongo.Double(value);
  if (typeof value !== 'object' || value === null) return value;
  return Array.isArray(value) ? value.map(bsonValue) : mapOf(value);
}
