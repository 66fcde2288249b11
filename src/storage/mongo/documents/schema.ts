import { type Connection, type Model, Schema, type Types } from 'mongoose';
import type { SessionStatus } from '../../../core/session';

/** A row of `conversation_sessions`. */
export interface SessionDocument {
  readonly _id: Types.ObjectId;
  readonly sessionId: string;
  readonly status: SessionStatus;
  readonly language: string;
  /** As the google.protobuf.Struct that encodes it. */
  readonly metadata: Uint8Array;
  readonly startedAt: Date;
  /** Null until the session is ended. */
  readonly endedAt: Date | null;
  readonly endReason: string;
  /** Grows with each change: one is made only to the session that it was decided on. */
  readonly revision: number;
  /** Made by the call that ended the session: by it that call knows its own write. */
  readonly endId?: Types.ObjectId;
}

/** A row of `conversation_sessions` whose session was deleted. */
export interface TombstoneDocument {
  readonly _id: Types.ObjectId;
  readonly sessionId: string;
  readonly deletedAt: Date;
  /** When its events are to be looked for next; none where they are removed for good. */
  readonly uncleared?: Date;
}

/** A row of `conversation_events`. */
export interface EventDocument {
  readonly _id: Types.ObjectId;
  readonly sessionId: string;
  readonly eventId: string;
  readonly sequence: number;
  readonly type: string;
  /** As the google.protobuf.Struct that encodes it. */
  readonly payload: Uint8Array;
  readonly timestamp: Date;
}

/** What both schemas need: nothing implicit, nothing dropped, nothing guessed. */
const OPTIONS = {
  autoCreate: false,
  autoIndex: false,
  bufferCommands: false,
  minimize: false,
  strictQuery: 'throw',
  versionKey: false,
} as const;

/**
 * Indexes that questions name: left to choose, the database keeps what was best for what it saw
 * first, and reads ten times too much before it chooses anew.
 */
export const BY_SESSION = { sessionId: 1 } as const;
export const BY_EVENT_ID = { sessionId: 1, eventId: 1 } as const;
export const BY_SEQUENCE = { sessionId: 1, sequence: 1 } as const;
export const BY_TIME = { sessionId: 1, timestamp: -1, sequence: -1 } as const;
export const BY_END = { endedAt: 1, startedAt: 1 } as const;
export const BY_DELETION = { deletedAt: 1 } as const;
export const BY_UNCLEARED = { uncleared: 1 } as const;

const sessionSchema = new Schema(
  {
    sessionId: { type: String, required: true },
    status: String,
    language: String,
    metadata: Buffer,
    startedAt: Date,
    endedAt: Date,
    endReason: String,
    revision: Number,
    endId: Schema.Types.ObjectId,
    deletedAt: Date,
    uncleared: Date,
  },
  { ...OPTIONS, collection: 'conversation_sessions' },
)
  .index(BY_SESSION, { unique: true })
  // The lists, by each of their filters.
  .index({ startedAt: -1, sessionId: 1 })
  .index({ status: 1, startedAt: -1, sessionId: 1 })
  .index({ language: 1, startedAt: -1, sessionId: 1 })
  .index({ language: 1, status: 1, startedAt: -1, sessionId: 1 })
  // Expiry: of those that have ended by their end, of the others by their start.
  .index(BY_END)
  // Tombstones, and those whose events are not all removed.
  .index(BY_DELETION, { sparse: true })
  .index(BY_UNCLEARED, { sparse: true });

const eventSchema = new Schema(
  {
    sessionId: { type: String, required: true },
    eventId: { type: String, required: true },
    sequence: { type: Number, required: true },
    type: { type: String, required: true },
    payload: { type: Buffer, required: true },
    timestamp: { type: Date, required: true },
  },
  { ...OPTIONS, collection: 'conversation_events' },
)
  // The idempotency key.
  .index(BY_EVENT_ID, { unique: true })
  // The order of the log, and the compare-and-swap between servers.
  .index(BY_SEQUENCE, { unique: true })
  .index(BY_TIME);

export interface Models {
  readonly sessions: Model<SessionDocument>;
  readonly events: Model<EventDocument>;
}

export function defineModels(connection: Connection): Models {
  return {
    sessions: connection.model<SessionDocument>('Session', sessionSchema),
    events: connection.model<EventDocument>('Event', eventSchema),
  };
}
