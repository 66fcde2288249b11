import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { SessionStatus } from '../../../generated/conversation/v1/session';
import { CompleteSessionRequest } from '../../../generated/conversation/v1/session_service';

/** Returns a status as decoded from the wire, even if the enum does not have its number. */
export function statusOfNumber(number: number): SessionStatus {
  const bytes = new BinaryWriter().tag(2, WireType.Varint).int32(number).finish();
  return CompleteSessionRequest.decode(bytes).status;
}
