import type { Event } from '../event';
import type { RequestContext } from '../request-context';
import type { EventStore } from '../store';
import { checkId } from '../validation/text';
import { Violations } from '../validation/violations';

export interface GetEventRequest {
  readonly sessionId: string;
  readonly eventId: string;
}

/** Reads one event. */
export async function getEvent(
  events: EventStore,
  { sessionId, eventId }: GetEventRequest,
  context: RequestContext,
): Promise<Event> {
  const violations = new Violations();
  checkId(violations, 'session_id', sessionId);
  checkId(violations, 'event_id', eventId);
  violations.throwIfAny();
  return events.get(sessionId, eventId, context);
}
