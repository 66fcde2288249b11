import type { BinaryReader } from '@bufbuild/protobuf/wire';
import { errorMessage } from '../../core/error-message';
import { invalidRequest } from '../../core/errors';
import { mergeFields } from '../../protobuf/merge-fields';
import { RawStructReader } from '../../protobuf/raw-struct-reader';
import { messageFieldsOf } from './request-fields';

/** The decoder that ts-proto generates for a message. */
export interface MessageDecoder<Message> {
  decode(reader: BinaryReader): Message;
}

/** Decodes a request. @throws INVALID_REQUEST if the bytes are not such a message: that is the caller's fault */
export function decodeRequest<Message>(decoder: MessageDecoder<Message>, bytes: Uint8Array): Message {
  try {
    return decoder.decode(new RawStructReader(mergeFields(bytes, messageFieldsOf(decoder))));
  } catch (error) {
    const description = `the request's bytes do not decode: ${errorMessage(error)}; check that client and server use the same proto`;
    throw invalidRequest([{ field: '', description }]);
  }
}
