import { sameJson, type JsonObject } from '../json';
import { LIMITS } from '../limits';
import type { RequestContext } from '../request-context';
import type { AddedEvent, SessionRepository } from '../session-repository';
import { checkStruct } from '../struct';
import { checkId, checkType } from '../text';
import { Violations } from '../violations';

export interface AddEventRequest {
  readonly sessionId: string;
  readonly eventId: string;
  readonly type: string;
  /** Undefined: `{}`. */
  readonly payload: JsonObject | undefined;
}

export interface AddEventResult extends AddedEvent {
  /** True for a duplicate whose stored type or payload differs from the request's. */
  readonly payloadMismatch: boolean;
}

/** Appends an event to a session, once for each event id. */
export async function addEvent(
  repository: SessionRepository,
  request: AddEventRequest,
  context: RequestContext,
): Promise<AddEventResult> {
  const violations = new Violations();
  const { sessionId, eventId, type } = request;
  checkId(violations, 'session_id', sessionId);
  checkId(violations, 'event_id', eventId);
  checkType(violations, 'type', type);
  const payload = checkStruct(violations, 'payload', request.payload, LIMITS.payloadBytes);
  violations.throwIfAny();
  const added = await repository.addEvent(
    sessionId,
    { eventId, type, payload: payload.object, payloadSize: payload.size },
    context,
  );
  const same =
    !added.duplicate || (added.event.type === type && sameJson(added.event.payload, payload.object));
  return { ...added, payloadMismatch: !same };
}
