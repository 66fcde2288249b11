import { BinaryReader } from '@bufbuild/protobuf/wire';
import { invalidRequest } from '../../core/errors';
import { RawStructReader } from '../../protobuf/raw-struct-reader';

/** What ts-proto generates for a message. */
export interface MessageDecoder<Message> {
  decode(reader: BinaryReader): Message;
}

/** Decodes a request; bytes that are no such message are the caller's mistake, not the server's. */
export function decodeRequest<Message>(decoder: MessageDecoder<Message>, bytes: Uint8Array): Message {
  try {
    passOverFields(new BinaryReader(bytes));
    return decoder.decode(new RawStructReader(bytes));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const description = `the request's bytes do not decode: ${why}; check that client and server use the same proto`;
    throw invalidRequest([{ field: '', description }]);
  }
}

/** The generated decoder stops at a stray zero or end of a group as if the message ended there; this one throws. */
function passOverFields(reader: BinaryReader): void {
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    reader.skip(wireType, field);
  }
}
