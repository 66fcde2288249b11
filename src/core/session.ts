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
  readonly startedAt: Date;
  /** Undefined until the session is ended. */
  readonly endedAt: Date | undefined;
  /** Empty until the session is ended. */
  readonly endReason: string;
  /** The sequence of the session's last event; 0 where it has none. */
  readonly eventCount: number;
}

/** What a caller decides when ending a session. */
export interface SessionEnd {
  readonly status: EndStatus;
  readonly endReason: string;
}
