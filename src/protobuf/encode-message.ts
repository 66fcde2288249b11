import { BinaryWriter } from '@bufbuild/protobuf/wire';

/** What ts-proto generates for a message. */
export interface MessageEncoder<Message> {
  encode(message: Message, writer: BinaryWriter): BinaryWriter;
}

/** One for all messages: it keeps its buffer, which would otherwise grow anew for each of them. */
let writer = new BinaryWriter();

export function encodeMessage<Message>(encoder: MessageEncoder<Message>, message: Message): Buffer {
  try {
    const bytes = encoder.encode(message, writer).finish();
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  } catch (error) {
    // Half a message is left in it.
    writer = new BinaryWriter();
    throw error;
  }
}
