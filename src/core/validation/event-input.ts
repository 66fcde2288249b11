import type { NewEvent } from '../event';
import type { JsonObject } from '../struct/json';
import { LIMITS } from '../limits';
import type { AddedEvent } from '../store';
import { checkStruct } from './check-struct';
import type { StructBytes } from '../struct/struct-bytes';
import { checkId, checkType } from './text';
import type { Violations } from './violations';

/** An event as a caller gives it. */
export interface EventInput {
  readonly eventId: string;
  readonly type: string;
  /** Undefined: `{}`. */
  readonly payload: StructBytes | JsonObject | undefined;
}

/** Checks a given event. @param path what stands before its fields' names in the request */
export function checkEventInput(violations: Violations, path: string, given: EventInput): NewEvent {
  const { eventId, type } = given;
  checkId(violations, `${path}event_id`, eventId);
  checkType(violations, `${path}type`, type);
  const payload = checkStruct(violations, `${path}payload`, given.payload, LIMITS.payloadBytes);
  return { eventId, type, payload };
}

export interface AddEventResult extends AddedEvent {
  /** True for a duplicate whose stored type or payload differs from the request's. */
  readonly payloadMismatch: boolean;
}

/** Holds what is stored against what was asked for. */
export function toAddEventResult(wanted: NewEvent, added: AddedEvent): AddEventResult {
  const { event, duplicate } = added;
  const same = !duplicate || (event.type === wanted.type && event.payload.equals(wanted.payload));
  return { event, duplicate, payloadMismatch: !same };
}
