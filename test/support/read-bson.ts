import { mongo } from 'mongoose';
import { setKey } from '../../src/core/struct/json';
import type { JsonObject } from './nasty-json';

const { parseToElements } = mongo.BSON.onDemand;

/**
 * Decodes a document of the values that a Struct can hold, with the driver's parser of elements. The
 * driver's `deserialize` turns an object with `$ref` and `$id` into something else.
 *
 * @throws if a key is there twice, or the names of a list's elements are not 0, 1, 2 …
 */
export function readBson(bson: Uint8Array): JsonObject {
  const object: JsonObject = {};
  for (const [name, value] of elementsOf(Buffer.from(bson))) {
    if (Object.hasOwn(object, name)) throw new Error('a key is there twice');
    setKey(object, name, value);
  }
  return object;
}

function readList(bson: Buffer): unknown[] {
  return elementsOf(bson).map(([name, value], index) => {
    if (name !== String(index)) throw new Error(`element ${index} has the name ${name}`);
    return value;
  });
}

function elementsOf(bson: Buffer): [name: string, value: unknown][] {
  if (bson.readInt32LE() !== bson.length) throw new Error('the length of a document is wrong');
  return Array.from(parseToElements(bson), ([type, nameAt, nameLength, at, length]) => [
    bson.toString('utf8', nameAt, nameAt + nameLength),
    readValue(type, bson.subarray(at, at + length)),
  ]);
}

function readValue(type: number, bytes: Buffer): unknown {
  switch (type) {
    case 1:
      return bytes.readDoubleLE();
    case 2:
      if (bytes.readInt32LE() !== bytes.length - 4) throw new Error('the length of a string is wrong');
      if (bytes.at(-1) !== 0) throw new Error('a string has no final zero byte');
      return bytes.toString('utf8', 4, bytes.length - 1);
    case 3:
      return readBson(bytes);
    case 4:
      return readList(bytes);
    case 8:
      return bytes.readUInt8() === 1;
    case 10:
      return null;
    default:
      throw new Error(`unexpected type ${type}`);
  }
}
