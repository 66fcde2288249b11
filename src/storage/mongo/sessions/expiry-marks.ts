import { Types } from 'mongoose';
import type { MongoConnection } from '../connection';
import type { SessionDocument } from '../documents/schema';
import { withQueryTimeout } from '../query-timeout';
import { WRITE } from '../write-options';

/**
 * Marks sessions that the sweep is about to delete. A writer that reads a marked session removes the
 * mark before it appends, and the sweep deletes only sessions that still have the mark it saw.
 */
export class ExpiryMarks {
  constructor(private readonly connection: MongoConnection) {}

  /** Marks a session without a mark. Returns undefined if it has changed since this revision or is marked. */
  async set({
    sessionId,
    revision,
  }: Pick<SessionDocument, 'sessionId' | 'revision'>): Promise<Types.ObjectId | undefined> {
    const mark = new Types.ObjectId();
    const unmarked = { sessionId, revision, expiring: { $exists: false } };
    const matched = await this.update(unmarked, { $set: { expiring: mark } });
    return matched ? mark : undefined;
  }

  /** Removes a mark. Returns false if the session no longer has it. */
  remove(sessionId: string, mark: Types.ObjectId): Promise<boolean> {
    return this.update({ sessionId, expiring: mark }, { $unset: { expiring: '' } });
  }

  /** An update and not a replacement: watchers are notified of replacements, and a mark is no change of the session. */
  private async update(filter: object, change: object): Promise<boolean> {
    const { sessions } = this.connection.database;
    const { matchedCount } = await withQueryTimeout(sessions.updateOne(filter, change, WRITE));
    return matchedCount === 1;
  }
}
