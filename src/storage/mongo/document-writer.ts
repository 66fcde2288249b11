import type { mongo } from 'mongoose';
import type { EventDocument, SessionDocument } from './documents/schema';

/** Which document to replace. */
export interface SessionRevision {
  readonly sessionId: string;
  readonly revision: number;
}

/** Writes whole documents. All methods reject with the driver's error where the outcome is unknown. */
export interface DocumentWriter {
  /**
   * Inserts events in one write.
   *
   * @param ordered whether to stop at the first event whose sequence or event ID is taken
   * @returns the indexes of those events
   */
  insertEvents(documents: readonly EventDocument[], ordered: boolean): Promise<readonly number[]>;

  /** Returns false if the session's ID is taken. */
  insertSession(document: SessionDocument): Promise<boolean>;

  /** Returns false if there is no session of this revision. */
  replaceSession(replaced: SessionRevision, document: SessionDocument): Promise<boolean>;
}

/** The collections to write to. */
export interface WriterTarget {
  readonly db: mongo.Db;
  readonly sessions: mongo.Collection<SessionDocument>;
  readonly events: mongo.Collection<EventDocument>;
}
