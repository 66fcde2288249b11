import { BinaryReader } from '@bufbuild/protobuf/wire';
import { errorMessage } from '../../core/error-message';
import { invalidRequest } from '../../core/errors';
import { RawStructReader } from '../../protobuf/raw-struct-reader';

/** The decoder that ts-proto generates for a message. */
export interface MessageDecoder<Message> {
  decode(reader: BinaryReader): Message;
}

/** Decodes a request. @throws INVALID_REQUEST if the bytes are not such a message: that is the caller's fault */
export function decodeRequest<Message>(decoder: MessageDecoder<Message>, bytes: Uint8Array): Message {
  try {
    skipFields(new BinaryReader(bytes));
    return decoder.decode(new RawStructReader(bytes));
  } catch (error) {
    const description = `the request's bytes do not decode: ${errorMessage(error)}; check that client and server use the same proto`;
    throw invalidRequest([{ field: '', description }]);
  }
}

/** Throws on a stray zero or end of a group, where the generated decoder would stop as if the message ended. */
function skipFields(reader: BinaryReader): void {
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    reader.skip(wireType, field);
  }
}
