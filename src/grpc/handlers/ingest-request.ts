import {
  IngestEventsRequest,
  IngestEventsResponse,
} from '../../../generated/conversation/v1/session_service';
import {
  asConversationError,
  type ConversationError,
  type ErrorReason,
  invalidRequest,
} from '../../core/errors';
import type { RequestContext } from '../../core/request-context';
import type { EventStore } from '../../core/store';
import { isUnreadableRow } from '../../core/unreadable-row';
import { addEvent } from '../../core/use-cases/add-event';
import { encodeMessage } from '../../protobuf/encode-message';
import { decodeRequest } from '../messages/decode-request';
import { toAddEventResponse } from '../messages/session-messages';
import { toStatusMessage } from '../status';

/** Failures of one request alone: it gets an error reply, and the stream goes on. */
const PER_REQUEST_REASONS = new Set<ErrorReason>([
  'INVALID_REQUEST',
  'SESSION_NOT_FOUND',
  'SEQUENCE_MISMATCH',
]);

/** The outcome of a request. */
export interface IngestOutcome {
  /** The reply's bytes; undefined: the request's failure ends the stream. */
  readonly reply: Buffer | undefined;
  readonly failure: ConversationError | undefined;
}

/** Carries out one request of IngestEvents. Never rejects. */
export async function ingestRequest(
  bytes: Buffer,
  context: RequestContext,
  events: EventStore,
): Promise<IngestOutcome> {
  try {
    const { event: request } = decodeRequest(IngestEventsRequest, bytes);
    if (request === undefined) throw invalidRequest([{ field: 'event', description: 'is required' }]);
    const added = await addEvent(events, request, context, 'event.');
    return { reply: encodeReply({ $case: 'added', value: toAddEventResponse(added) }), failure: undefined };
  } catch (error) {
    const failure = asConversationError(error);
    const isOwn = PER_REQUEST_REASONS.has(failure.reason) || isUnreadableRow(failure);
    const reply = isOwn ? encodeReply({ $case: 'error', value: toStatusMessage(failure) }) : undefined;
    return { reply, failure };
  }
}

function encodeReply(result: IngestEventsResponse['result']): Buffer {
  return encodeMessage(IngestEventsResponse, { result });
}
