import { BinaryReader } from '@bufbuild/protobuf/wire';
import { StructBytes } from '../core/struct/struct-bytes';
import { decodeUtf8 } from '../core/struct/utf8';

/** Reads a message strictly, and leaves its Structs as bytes: views of the message's own. */
export class RawStructReader extends BinaryReader {
  constructor(private readonly message: Uint8Array) {
    super(message, decodeUtf8);
  }

  struct(length: number): StructBytes {
    const start = this.pos;
    if (start + length > this.len) throw new RangeError('a length is beyond the end of the message');
    this.pos = start + length;
    return new StructBytes(this.message.subarray(start, this.pos));
  }
}
