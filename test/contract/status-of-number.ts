import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { SessionStatus } from '../../generated/conversation/v1/session';
import { CompleteSessionRequest } from '../../generated/conversation/v1/session_service';

/** A status as it comes off the wire, whether or not the enum has its number. */
export function statusOfNumber(number: number): SessionStatus {
  const bytes = new BinaryWriter().tag(2, WireType.Varint).int32(number).finish();
  return CompleteSessionRequest.decode(bytes).status;
}
