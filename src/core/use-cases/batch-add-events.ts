import { internalError } from '../errors';
import type { NewEvent } from '../event';
import { LIMITS } from '../limits';
import type { RequestContext } from '../request-context';
import type { EventStore } from '../store';
import { delimitedSize } from '../validation/check-struct';
import { checkEventInput, type EventInput } from '../validation/event-input';
import { checkId } from '../validation/text';
import { Violations } from '../validation/violations';
import { type AddEventResult, toAddEventResult } from './add-event';

export interface BatchAddEventsRequest {
  readonly sessionId: string;
  readonly events: readonly EventInput[];
}

/** Appends events to a session in order, each once per event ID. All are checked before any is stored. */
export async function batchAddEvents(
  events: EventStore,
  request: BatchAddEventsRequest,
  context: RequestContext,
): Promise<AddEventResult[]> {
  const violations = new Violations();
  const { sessionId, events: inputs } = request;
  checkId(violations, 'session_id', sessionId);
  if (inputs.length === 0 || inputs.length > LIMITS.batchEvents) {
    violations.add('events', `must be 1 to ${LIMITS.batchEvents} events; got ${inputs.length}`);
  }
  const newEvents = inputs.map((input, index) => checkEventInput(violations, `events[${index}].`, input));
  const bytes = newEvents.reduce((sum, event) => sum + delimitedSize(newEventSize(event)), 0);
  if (bytes > LIMITS.batchBytes) {
    violations.add(
      'events',
      `must be at most ${LIMITS.batchBytes} bytes in the protobuf encoding; got ${bytes}`,
    );
  }
  violations.throwIfAny();
  const appended = await events.append(sessionId, newEvents, context);
  return newEvents.map((event, index) => {
    const result = appended[index];
    if (result === undefined) throw internalError(new Error('the store returned too few results'));
    return toAddEventResult(event, result);
  });
}

/** The size of the protobuf message NewEvent. */
function newEventSize({ eventId, type, payload }: NewEvent): number {
  return (
    delimitedSize(Buffer.byteLength(eventId)) +
    delimitedSize(Buffer.byteLength(type)) +
    delimitedSize(payload.bytes.length)
  );
}
