import type { StructBytes } from './struct/struct-bytes';

export const SESSION_STATUSES = ['initiated', 'active', 'completed', 'failed'] as const;
export type SessionStatus = (typeof SESSION_STATUSES)[number];

/** The final statuses. */
export type EndStatus = Extract<SessionStatus, 'completed' | 'failed'>;

/** The part of a session that the caller chooses when creating it. */
export interface NewSession {
  readonly sessionId: string;
  readonly status: SessionStatus;
  readonly language: string;
  readonly metadata: StructBytes;
}

export interface Session extends NewSession {
  /** 12 bytes, unique, generated when the row is created. */
  readonly rowId: Uint8Array;
  readonly startedAt: Date;
  /** When the session was created or last changed. New events are not changes. */
  readonly changedAt: Date;
  /** Undefined until the session ends. */
  readonly endedAt: Date | undefined;
  /** Empty until the session ends. */
  readonly endReason: string;
  /** The sequence of the last event; 0 if there are no events. */
  readonly eventCount: number;
  /** The time of the last event; undefined if there are no events. */
  readonly lastEventAt: Date | undefined;
  /** Incremented by each change of the session itself; new events are not changes. */
  readonly revision: number;
}

/** How a session ends. */
export interface SessionEnd {
  readonly status: EndStatus;
  readonly endReason: string;
}

/** The fields that an update may change. */
export type SessionChange = Pick<Session, 'status' | 'language' | 'metadata'>;

/** The time of a session's last activity: its last change or event. */
export function lastActivityOf({ changedAt, lastEventAt }: Pick<Session, 'changedAt' | 'lastEventAt'>): Date {
  return lastEventAt === undefined || lastEventAt < changedAt ? changedAt : lastEventAt;
}

/** Returns when a session expires: the retention after its last activity. Undefined without a retention. */
export function expiryOf(session: Session, retentionMs: number | undefined): Date | undefined {
  return retentionMs === undefined ? undefined : new Date(lastActivityOf(session).getTime() + retentionMs);
}

/** The maximum size of a session without its metadata: IDs, language, end reason, times. */
const OVERHEAD_BYTES = 1100;

/** Returns an upper bound of a session's size in the protobuf encoding. */
export function sessionSize({ metadata }: Pick<Session, 'metadata'>): number {
  return metadata.bytes.length + OVERHEAD_BYTES;
}

/** Returns an upper bound of the size of several sessions. */
export function sessionsSize(sessions: readonly Session[]): number {
  return sessions.reduce((sum, session) => sum + sessionSize(session), 0);
}
