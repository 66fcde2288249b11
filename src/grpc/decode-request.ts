import { BinaryReader } from '@bufbuild/protobuf/wire';
import { invalidRequest } from '../core/errors';
import { decodeUtf8 } from '../protobuf/utf8';

/** What ts-proto generates for a message. */
export interface MessageDecoder<Message> {
  decode(reader: BinaryReader): Message;
}

/** Decodes a request; bytes that are no such message are the caller's mistake, not the server's. */
export function decodeRequest<Message>(decoder: MessageDecoder<Message>, bytes: Uint8Array): Message {
  const reader = new BinaryReader(bytes, decodeUtf8);
  let message: Message;
  try {
    message = decoder.decode(reader);
  } catch (error) {
    throw undecodable(error instanceof Error ? error.message : String(error));
  }
  // The generated decoder stops at a stray end-of-group or zero tag as if the message ended there.
  if (reader.pos !== reader.len) throw undecodable(`it breaks off at byte ${reader.pos} of ${reader.len}`);
  return message;
}

function undecodable(why: string): Error {
  const description = `the request's bytes do not decode: ${why}; check that client and server use the same proto`;
  return invalidRequest([{ field: '', description }]);
}
