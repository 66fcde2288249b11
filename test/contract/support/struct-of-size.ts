import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { Struct } from '../../../src/protobuf/struct';

/** Returns an object whose protobuf encoding has exactly this many bytes. */
export function structOfSize(bytes: number): Record<string, string> {
  const encoded = (object: object): number =>
    Struct.encode({ ...object }, new BinaryWriter()).finish().length;
  let length = bytes;
  while (encoded({ t: 'x'.repeat(length) }) > bytes) length -= 1;
  const object = { t: 'x'.repeat(length) };
  if (encoded(object) !== bytes) throw new Error(`no object has an encoding of ${bytes} bytes`);
  return object;
}

/** Returns this many nested levels, alternating between objects and lists. */
export function structOfLevels(levels: number): Record<string, unknown> {
  let inner: unknown = 'innermost';
  for (let level = levels; level > 1; level -= 1) inner = level % 2 === 0 ? [inner] : { in: inner };
  return { in: inner };
}

/** Encodes such an object from the inside out: encoders overflow their stack at thousands of levels. */
export function encodedStructOfLevels(levels: number): Uint8Array {
  const field = (number: number, bytes: Uint8Array): Uint8Array =>
    new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(bytes).finish();
  const entry = (value: Uint8Array): Uint8Array =>
    field(1, Buffer.concat([field(1, Buffer.from('in')), field(2, value)]));
  let value = field(3, Buffer.from('innermost'));
  for (let level = levels; level > 1; level -= 1) {
    value = level % 2 === 0 ? field(6, field(1, value)) : field(5, entry(value));
  }
  return entry(value);
}
