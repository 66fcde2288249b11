import type { AddEventResponse } from '../../../generated/conversation/v1/session_service';
import {
  SessionStatus as StatusNumber,
  type Session as SessionMessage,
} from '../../../generated/conversation/v1/session';
import type { AddEventResult } from '../../core/use-cases/add-event';
import { expiryOf, type Session, type SessionStatus } from '../../core/session';

const STATUS_NUMBERS: Readonly<Record<SessionStatus, StatusNumber>> = {
  initiated: StatusNumber.SESSION_STATUS_INITIATED,
  active: StatusNumber.SESSION_STATUS_ACTIVE,
  completed: StatusNumber.SESSION_STATUS_COMPLETED,
  failed: StatusNumber.SESSION_STATUS_FAILED,
};

const STATUS_NAMES = new Map<number, SessionStatus>();
for (const name of Object.keys(STATUS_NUMBERS) as SessionStatus[])
  STATUS_NAMES.set(STATUS_NUMBERS[name], name);

/** The status in a request: undefined if unspecified. A number that the enum lacks is returned as text, which validation rejects. */
export function toStatus(number: StatusNumber): string | undefined {
  if (number === StatusNumber.SESSION_STATUS_UNSPECIFIED) return undefined;
  return STATUS_NAMES.get(number) ?? String(number);
}

/** @param retentionMs how long a session is kept after its last activity; undefined: for ever */
export function toSessionMessage(session: Session, retentionMs: number | undefined): SessionMessage {
  const { sessionId, status, language, startedAt, endedAt, metadata, eventCount, endReason } = session;
  return {
    ...{ sessionId, language, startedAt, endedAt, metadata, eventCount, endReason },
    status: STATUS_NUMBERS[status],
    expiresAt: expiryOf(session, retentionMs),
  };
}

/** A response without the payload, which the caller has: a response is never several times larger than its request. */
export function toAddEventResponse({ event, ...result }: AddEventResult): AddEventResponse {
  const { eventId, sessionId, sequence, type, timestamp } = event;
  return { ...result, event: { eventId, sessionId, sequence, type, payload: undefined, timestamp } };
}
