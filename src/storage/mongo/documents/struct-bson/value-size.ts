import { int32 } from './bson-to-struct';
import { damaged } from './not-struct-error';

/** Bytes of the values whose size depends on the type alone. */
const FIXED_SIZES: Readonly<Record<number, number>> = {
  ...{ 1: 8, 6: 0, 7: 12, 8: 1, 9: 8, 10: 0 },
  ...{ 16: 4, 17: 8, 18: 8, 19: 16, 127: 0, 255: 0 },
};

/** Returns how many bytes a value of any BSON type has. @throws NotStructError if there is no such type, or its length is negative */
export function valueSize(bson: Uint8Array, at: number, type: number): number {
  const fixed = FIXED_SIZES[type];
  if (fixed !== undefined) return fixed;
  if (type === 11) return endOfName(bson, endOfName(bson, at)) - at;
  const length = int32(bson, at);
  if (length < 0) throw damaged();
  switch (type) {
    case 2:
    case 13:
    case 14:
      return 4 + length;
    case 3:
    case 4:
    case 15:
      return length;
    case 5:
      return 5 + length;
    case 12:
      return 16 + length;
    default:
      throw damaged();
  }
}

/** Returns where the text ends that a zero byte terminates, after that byte. */
function endOfName(bson: Uint8Array, at: number): number {
  const end = bson.indexOf(0, at);
  if (end < 0) throw damaged();
  return end + 1;
}
