import type { Event } from '../core/event';
import type { JsonObject } from '../core/struct/json';
import type { Session } from '../core/session';
import type { GetSessionResult } from '../core/use-cases/get-session';

/** A session in JSON. */
export interface SessionBody {
  readonly _id: string;
  readonly sessionId: string;
  readonly status: string;
  readonly language: string;
  readonly startedAt: string;
  readonly endedAt: string | null;
  readonly metadata: JsonObject;
}

/** An event in JSON. */
export interface EventBody {
  readonly _id: string;
  readonly eventId: string;
  readonly sessionId: string;
  readonly type: string;
  readonly payload: JsonObject;
  readonly timestamp: string;
}

export function toSessionBody(session: Session): SessionBody {
  const { rowId, sessionId, status, language, startedAt, endedAt, metadata } = session;
  return {
    _id: hex(rowId),
    sessionId,
    status,
    language,
    startedAt: startedAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
    metadata: metadata.toJson(),
  };
}

export function toEventBody({ rowId, eventId, sessionId, type, payload, timestamp }: Event): EventBody {
  return {
    _id: hex(rowId),
    eventId,
    sessionId,
    type,
    payload: payload.toJson(),
    timestamp: timestamp.toISOString(),
  };
}

export function toPageBody({ session, events, pagination }: GetSessionResult): object {
  const { offset, limit, total, hasMore } = pagination;
  return {
    session: toSessionBody(session),
    events: events.map(toEventBody),
    pagination: { offset, limit, total, hasMore },
  };
}

function hex(rowId: Uint8Array): string {
  return Buffer.from(rowId.buffer, rowId.byteOffset, rowId.byteLength).toString('hex');
}
