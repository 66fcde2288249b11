import type { NewEvent } from '../event';
import type { JsonObject } from '../struct/json';
import { LIMITS } from '../limits';
import { checkStruct } from './check-struct';
import type { StructBytes } from '../struct/struct-bytes';
import { checkId, checkType } from './text';
import type { Violations } from './violations';

/** An event as the caller sent it. */
export interface EventInput {
  readonly eventId: string;
  readonly type: string;
  /** Undefined: `{}`. */
  readonly payload: StructBytes | JsonObject | undefined;
}

/** Checks an event. @param path prefix of the field names in violations, such as `events[3].` */
export function checkEventInput(violations: Violations, path: string, input: EventInput): NewEvent {
  const { eventId, type } = input;
  checkId(violations, `${path}event_id`, eventId);
  checkType(violations, `${path}type`, type);
  const payload = checkStruct(violations, `${path}payload`, input.payload, LIMITS.payloadBytes);
  return { eventId, type, payload };
}
