import { BinaryReader } from '@bufbuild/protobuf/wire';
import { StructBytes } from '../core/struct/struct-bytes';
import { decodeUtf8 } from '../core/struct/utf8';

/** Beyond it, a double does not hold every whole number. */
const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/** Reads a message strictly, and leaves its Structs as bytes: views of the message's own. */
export class RawStructReader extends BinaryReader {
  constructor(private readonly message: Uint8Array) {
    super(message, decodeUtf8);
  }

  /** `NaN` for a number that a double cannot hold: for that, the generated code would throw, without the field's name. */
  override int64(): bigint | string {
    const number = BigInt(super.int64());
    return number > MAX_SAFE || number < -MAX_SAFE ? 'NaN' : number;
  }

  struct(length: number): StructBytes {
    const start = this.pos;
    if (start + length > this.len) throw new RangeError('a length is beyond the end of the message');
    this.pos = start + length;
    return new StructBytes(this.message.subarray(start, this.pos));
  }
}
