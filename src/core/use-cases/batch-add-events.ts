import { internalError } from '../errors';
import type { NewEvent } from '../event';
import { LIMITS } from '../limits';
import type { RequestContext } from '../request-context';
import type { SessionRepository } from '../store';
import { delimitedSize } from '../validation/check-struct';
import { checkId } from '../validation/text';
import { Violations } from '../validation/violations';
import {
  type AddEventResult,
  checkEventInput,
  toAddEventResult,
  type EventInput,
} from '../validation/event-input';

export interface BatchAddEventsRequest {
  readonly sessionId: string;
  readonly events: readonly EventInput[];
}

/** Appends events to a session, in order, each once for its event id. All are checked before any is stored. */
export async function batchAddEvents(
  repository: SessionRepository,
  request: BatchAddEventsRequest,
  context: RequestContext,
): Promise<AddEventResult[]> {
  const violations = new Violations();
  const { sessionId, events: given } = request;
  checkId(violations, 'session_id', sessionId);
  if (given.length === 0 || given.length > LIMITS.batchEvents) {
    violations.add('events', `must be 1 to ${LIMITS.batchEvents} events, and are ${given.length}`);
  }
  const events = given.map((event, index) => checkEventInput(violations, `events[${index}].`, event));
  const bytes = events.reduce((sum, event) => sum + delimitedSize(newEventSize(event)), 0);
  if (bytes > LIMITS.batchBytes) {
    violations.add(
      'events',
      `must be at most ${LIMITS.batchBytes} bytes in the protobuf encoding, and are ${bytes}`,
    );
  }
  violations.throwIfAny();
  const added = await repository.addEvents(sessionId, events, context);
  return events.map((event, index) => {
    const stored = added[index];
    if (stored === undefined) throw internalError(new Error('the store answered for fewer events'));
    return toAddEventResult(event, stored);
  });
}

/** Bytes of the message NewEvent. */
function newEventSize({ eventId, type, payload }: NewEvent): number {
  return (
    delimitedSize(Buffer.byteLength(eventId)) +
    delimitedSize(Buffer.byteLength(type)) +
    delimitedSize(payload.bytes.length)
  );
}
