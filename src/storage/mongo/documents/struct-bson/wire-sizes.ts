/** The size of a field with a number below 16: tag, length and content. */
export function delimitedSize(length: number): number {
  return 1 + varintSize(length) + length;
}

/** Bytes before the content of an object or list that is an element of a list. */
export function itemHeaderSize(contentLength: number): number {
  const valueSize = delimitedSize(contentLength);
  return delimitedSize(valueSize) - contentLength;
}

/** Bytes before the content of an object or list that is an entry's value: the key is among them. */
export function entryHeaderSize(keyLength: number, contentLength: number): number {
  const valueSize = delimitedSize(contentLength);
  const entrySize = delimitedSize(keyLength) + delimitedSize(valueSize);
  return delimitedSize(entrySize) - contentLength;
}

export function varintSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  return value < 0x10000000 ? 4 : 5;
}
