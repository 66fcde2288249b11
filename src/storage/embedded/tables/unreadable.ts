import { UnreadableRowError } from '../../../core/unreadable-row';

/** Why a row cannot be read. */
export const DAMAGED = 'its checksum does not match';
export const MISSING = 'it is missing';
export const UNDECODABLE = 'its content is not in the format of this service';

export function unreadableSession(table: string, sessionId: string, reason: string): UnreadableRowError {
  return new UnreadableRowError(table, `session ${JSON.stringify(sessionId)}`, reason);
}

export function unreadableEvent(
  table: string,
  sessionId: string,
  sequence: number,
  reason: string,
): UnreadableRowError {
  const row = `session ${JSON.stringify(sessionId)}, sequence ${sequence}`;
  return new UnreadableRowError(table, row, reason);
}

export function unreadableEventId(sessionId: string, eventId: string, reason: string): UnreadableRowError {
  const row = `session ${JSON.stringify(sessionId)}, event ${JSON.stringify(eventId)}`;
  return new UnreadableRowError('event_ids', row, reason);
}
