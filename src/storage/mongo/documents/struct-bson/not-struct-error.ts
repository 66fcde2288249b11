/** A document that is damaged, or that has a value that a Struct cannot hold. Never names its content. */
export class NotStructError extends Error {
  override readonly name = 'NotStructError';
}

/** The other types, by the names that MongoDB's `$type` operator uses. */
const OTHER_TYPES: Readonly<Record<number, string>> = {
  5: 'binData',
  6: 'undefined',
  7: 'objectId',
  9: 'date',
  11: 'regex',
  12: 'dbPointer',
  13: 'javascript',
  14: 'symbol',
  15: 'javascriptWithScope',
  17: 'timestamp',
  19: 'decimal',
  127: 'maxKey',
  255: 'minKey',
};

export function damaged(): NotStructError {
  return new NotStructError('its BSON is damaged');
}

export function invalidUtf8(): NotStructError {
  return new NotStructError('a string in it is not valid UTF-8');
}

export function unsupportedType(type: number): NotStructError {
  const name = OTHER_TYPES[type];
  if (name === undefined) return damaged();
  return new NotStructError(`a value in it has the BSON type ${name}, which a Struct cannot hold`);
}
