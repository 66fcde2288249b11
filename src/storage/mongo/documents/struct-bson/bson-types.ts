/** The types of BSON that a Struct can hold, or that this service writes; see https://bsonspec.org. */
export const BSON = {
  double: 1,
  string: 2,
  object: 3,
  array: 4,
  objectId: 7,
  bool: 8,
  date: 9,
  null: 10,
  int32: 16,
  int64: 18,
} as const;
