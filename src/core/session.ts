import type { StructBytes } from './struct/struct-bytes';

export const SESSION_STATUSES = ['initiated', 'active', 'completed', 'failed'] as const;
export type SessionStatus = (typeof SESSION_STATUSES)[number];

/** The statuses that end a session; they are final. */
export type EndStatus = Extract<SessionStatus, 'completed' | 'failed'>;

/** What a caller decides of a session when creating it. */
export interface NewSession {
  readonly sessionId: string;
  readonly status: SessionStatus;
  readonly language: string;
  readonly metadata: StructBytes;
}

export interface Session extends NewSession {
  /** 12 bytes that no other row has, made with it. */
  readonly rowId: Uint8Array;
  readonly startedAt: Date;
  /** Undefined until the session is ended. */
  readonly endedAt: Date | undefined;
  /** Empty until the session is ended. */
  readonly endReason: string;
  /** The sequence of the session's last event; 0 where it has none. */
  readonly eventCount: number;
  /** The time of its last event; undefined where it has none. */
  readonly lastEventAt: Date | undefined;
  /** Grows with each change of the session itself; its events are none. */
  readonly revision: number;
}

/** What a caller decides when ending a session. */
export interface SessionEnd {
  readonly status: EndStatus;
  readonly endReason: string;
}

/** What an update may change. */
export type SessionChange = Pick<Session, 'status' | 'language' | 'metadata'>;

/**
 * When a session expires: its end (not ended: its last event, or its start) plus the retention.
 * Undefined where it is kept for ever.
 */
export function expiryOf(session: Session, retentionMs: number | undefined): Date | undefined {
  if (retentionMs === undefined) return undefined;
  const { endedAt, lastEventAt, startedAt } = session;
  return new Date((endedAt ?? lastEventAt ?? startedAt).getTime() + retentionMs);
}
