import { internalError } from '../errors';
import type { NewEvent } from '../event';
import type { RequestContext } from '../request-context';
import type { AppendedEvent, EventStore } from '../store';
import { checkCount } from '../validation/count';
import { checkEventInput, type EventInput } from '../validation/event-input';
import { checkId } from '../validation/text';
import { Violations } from '../validation/violations';

export interface AddEventRequest extends EventInput {
  readonly sessionId: string;
  /** The session's last sequence must be this; undefined: any. */
  readonly expectedSequence?: number | undefined;
}

export interface AddEventResult extends AppendedEvent {
  /** True for a duplicate whose stored type or payload differs from the request's. */
  readonly payloadMismatch: boolean;
}

/**
 * Appends an event to a session, once per event ID.
 *
 * @param path prefix of the field names in violations, such as `event.`
 * @param violations found in the request so far
 */
export async function addEvent(
  events: EventStore,
  request: AddEventRequest,
  context: RequestContext,
  path = '',
  violations = new Violations(),
): Promise<AddEventResult> {
  const { sessionId, expectedSequence } = request;
  checkId(violations, `${path}session_id`, sessionId);
  const event = { ...checkEventInput(violations, path, request), expectedSequence };
  if (expectedSequence !== undefined) checkCount(violations, `${path}expected_sequence`, expectedSequence);
  violations.throwIfAny();
  const [appended] = await events.append(sessionId, [event], context);
  if (appended === undefined) throw internalError(new Error('the store returned no result'));
  return toAddEventResult(event, appended);
}

/** Compares the stored event with the requested one. */
export function toAddEventResult(requested: NewEvent, { event, duplicate }: AppendedEvent): AddEventResult {
  const matches = !duplicate || (event.type === requested.type && event.payload.equals(requested.payload));
  return { event, duplicate, payloadMismatch: !matches };
}
