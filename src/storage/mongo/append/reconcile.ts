import { sequenceMismatch } from '../../../core/errors';
import { textsOf } from '../documents/check-row';
import type { EventRow } from '../documents/stored-event';
import { toConversationError } from '../errors';
import type { EventFinder } from '../events/event-finder';
import type { LogHead, LogHeads } from './log-heads';
import type { PendingAppend } from './pending-append';
import type { PlannedEvent } from './plan-batch';

/** Decides pending appends by what is stored. All reads have majority read concern. */
export class Reconciler {
  constructor(
    private readonly heads: Pick<LogHeads, 'read' | 'confirm'>,
    private readonly finder: Pick<EventFinder, 'find'>,
  ) {}

  /**
   * Answers the appends whose events are stored: as duplicates, or as their own writes. The others stay pending.
   *
   * @param head the last read of the session
   */
  async answerStored(
    sessionId: string,
    planned: readonly Pick<PlannedEvent, 'append' | 'duplicates'>[],
    head: LogHead,
  ): Promise<void> {
    const eventIds = planned.map(({ append }) => append.event.eventId);
    // What is stored is usually what is sent again.
    const bytes = planned.reduce((sum, { append }) => sum + append.event.payload.bytes.length, 0);
    const found = await this.finder.find(sessionId, eventIds, bytes);
    if (found.length > 0) await this.heads.confirm(sessionId, head);
    const stored = new Map<string, EventRow>();
    for (const row of found) for (const id of textsOf(row.eventId)) stored.set(id, row);
    for (const { append, duplicates } of planned) {
      const row = stored.get(append.event.eventId);
      if (row === undefined) continue;
      try {
        const event = row.event();
        append.succeed(event, Buffer.compare(append.rowId.id, event.rowId) !== 0);
        for (const duplicate of duplicates) duplicate.succeed(event, true);
      } catch (error) {
        // A row that cannot be read concerns only the appends of its event.
        for (const failed of [append, ...duplicates]) failed.fail(toConversationError(error));
      }
    }
  }

  /**
   * Answers an append that expects another sequence than the cached head's, unless the stored head
   * turns out to fit. The event is looked for after the head is read: an append whose event is
   * stored never fails for its expected sequence.
   */
  async checkExpectedSequence(sessionId: string, append: PendingAppend): Promise<void> {
    const expected = append.event.expectedSequence;
    if (expected === undefined) return;
    const head = await this.heads.read(sessionId);
    await this.answerStored(sessionId, [{ append, duplicates: [] }], head);
    if (!append.isAnswered && head.sequence !== expected)
      append.fail(sequenceMismatch(expected, head.sequence));
  }
}
