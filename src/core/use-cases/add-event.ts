import { internalError } from '../errors';
import { isCount } from '../limits';
import type { RequestContext } from '../request-context';
import type { SessionRepository } from '../store';
import { checkId } from '../validation/text';
import { Violations } from '../validation/violations';
import {
  type AddEventResult,
  checkEventInput,
  toAddEventResult,
  type EventInput,
} from '../validation/event-input';

export interface AddEventRequest extends EventInput {
  readonly sessionId: string;
  /** Undefined: at the end of the log, wherever it is. */
  readonly expectedSequence?: number | undefined;
}

/**
 * Appends an event to a session, once for each event id.
 *
 * @param path what stands before the fields' names in the caller's request
 * @param violations what is wrong with the request already
 */
export async function addEvent(
  repository: SessionRepository,
  request: AddEventRequest,
  context: RequestContext,
  path = '',
  violations = new Violations(),
): Promise<AddEventResult> {
  const { sessionId, expectedSequence } = request;
  checkId(violations, `${path}session_id`, sessionId);
  const event = { ...checkEventInput(violations, path, request), expectedSequence };
  if (expectedSequence !== undefined && !isCount(expectedSequence)) {
    violations.add(`${path}expected_sequence`, 'must be a whole number, 0 or more');
  }
  violations.throwIfAny();
  const [added] = await repository.addEvents(sessionId, [event], context);
  if (added === undefined) throw internalError(new Error('the store answered for no event'));
  return toAddEventResult(event, added);
}
