import {
  AddEventRequest,
  AddEventResponse,
  BatchAddEventsRequest,
  BatchAddEventsResponse,
  CreateSessionRequest,
  GetSessionRequest,
  GetSessionResponse,
  IngestEventsRequest,
  IngestEventsResponse,
} from '../generated/conversation/v1/session_service';
import { SessionStatus } from '../generated/conversation/v1/session';
import type { Event } from '../generated/conversation/v1/event';
import { eventIdOf, RequestTemplate } from './request-template';

const ACTIVE = SessionStatus.SESSION_STATUS_ACTIVE;

/** A typical event of a speech recogniser for a short turn: about 300 bytes in protobuf encoding. */
const EVENT = {
  eventId: eventIdOf(),
  type: 'user_speech',
  payload: {
    speaker: 'caller',
    text: "Hi, I'm moving out",
    isFinal: true,
    confidence: 0.94,
    words: [
      { word: 'Hi', offsetMs: 0, durationMs: 204 },
      { word: "I'm", offsetMs: 560, durationMs: 266 },
      { word: 'moving', offsetMs: 856, durationMs: 352 },
      { word: 'out', offsetMs: 1240, durationMs: 226 },
    ],
  },
};

export function createSessionRequest(sessionId: string): RequestTemplate {
  const request = { sessionId, language: 'en-GB', status: ACTIVE, metadata: undefined };
  return new RequestTemplate(Buffer.from(CreateSessionRequest.encode(request).finish()));
}

export function addEventRequest(sessionId: string): RequestTemplate {
  const request = { ...EVENT, sessionId, expectedSequence: undefined };
  return new RequestTemplate(Buffer.from(AddEventRequest.encode(request).finish()));
}

export function batchRequest(sessionId: string, size: number): RequestTemplate {
  const request = { sessionId, events: Array.from({ length: size }, () => EVENT) };
  return new RequestTemplate(Buffer.from(BatchAddEventsRequest.encode(request).finish()));
}

export function ingestRequest(sessionId: string): RequestTemplate {
  const request = { event: { ...EVENT, sessionId, expectedSequence: undefined } };
  return new RequestTemplate(Buffer.from(IngestEventsRequest.encode(request).finish()));
}

export function pageRequest(sessionId: string, offset: number, limit: number): Buffer {
  return Buffer.from(GetSessionRequest.encode({ sessionId, offset, limit }).finish());
}

/** A reply of AddEvent as large as the real one. */
export function addEventReply(sessionId: string): Buffer {
  const reply = { event: storedEvent(sessionId, 1000), duplicate: false, payloadMismatch: false };
  return Buffer.from(AddEventResponse.encode(reply).finish());
}

/** A reply of BatchAddEvents as large as the real one. */
export function batchReply(sessionId: string, size: number): Buffer {
  const results = Array.from({ length: size }, () => acknowledgement(sessionId));
  return Buffer.from(BatchAddEventsResponse.encode({ results }).finish());
}

/** A reply of IngestEvents as large as the real one. */
export function ingestReply(sessionId: string): Buffer {
  const added = acknowledgement(sessionId);
  return Buffer.from(IngestEventsResponse.encode({ result: { $case: 'added', value: added } }).finish());
}

/** A reply of GetSession as large as the real one. */
export function pageReply(sessionId: string, limit: number): Buffer {
  const reply = {
    session: {
      sessionId,
      status: ACTIVE,
      language: 'en-GB',
      startedAt: new Date(),
      endedAt: undefined,
      metadata: {},
      eventCount: limit,
      endReason: '',
      expiresAt: undefined,
    },
    events: Array.from({ length: limit }, (_, index) => storedEvent(sessionId, index + 1)),
    pagination: { offset: 0, limit, total: limit, hasMore: false },
  };
  return Buffer.from(GetSessionResponse.encode(reply).finish());
}

/** The reply for an event of a batch or stream, which has no payload. */
function acknowledgement(sessionId: string): AddEventResponse {
  const event = { ...storedEvent(sessionId, 1000), payload: undefined };
  return { event, duplicate: false, payloadMismatch: false };
}

function storedEvent(sessionId: string, sequence: number): Event {
  return { ...EVENT, sessionId, sequence, timestamp: new Date() };
}
