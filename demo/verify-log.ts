import { SessionStatus, type Session } from '../generated/conversation/v1/session';
import type { Event } from '../generated/conversation/v1/event';
import { type JsonValue, sameJson } from '../src/core/struct/json';
import type { Call, PlayedEvent } from './call-file';

/** Describes each difference between a stored log and the call that was sent; empty if there is none. */
export function faultsOfLog(call: Call, session: Session, events: readonly Event[]): string[] {
  return [
    ...faultsOfSession(call, session),
    ...faultsOfOrder(call.events, events),
    ...call.events.flatMap((sent) => faultsOfEvent(call, sent, events)),
  ];
}

function faultsOfSession(call: Call, session: Session): string[] {
  const faults: string[] = [];
  const expect = (what: string, found: JsonValue, sent: JsonValue): void => {
    if (!sameJson(found, sent))
      faults.push(`the session's ${what} is ${JSON.stringify(found)}, expected ${JSON.stringify(sent)}`);
  };
  expect('id', session.sessionId, call.sessionId);
  expect('language', session.language, call.language);
  expect('metadata', session.metadata ?? null, call.metadata);
  expect('status', session.status, SessionStatus.SESSION_STATUS_COMPLETED);
  expect('event count', session.eventCount, call.events.length);
  if (session.endedAt === undefined) faults.push('the session has no end time');
  return faults;
}

/** Finds missing, duplicate, unknown and misplaced events, and wrong sequences and timestamps. */
function faultsOfOrder(sent: readonly PlayedEvent[], events: readonly Event[]): string[] {
  const faults: string[] = [];
  const storedIds = new Set<string>();
  const expected = new Set(sent.map(({ eventId }) => eventId));
  for (const [index, event] of events.entries()) {
    const { eventId, sequence } = event;
    if (sequence !== index + 1) faults.push(`${eventId} has sequence ${sequence}, expected ${index + 1}`);
    if (storedIds.has(eventId)) faults.push(`${eventId} is stored twice`);
    else if (!expected.has(eventId)) faults.push(`${eventId} was never sent`);
    storedIds.add(eventId);
    const before = events[index - 1]?.timestamp;
    if (event.timestamp === undefined) faults.push(`${eventId} has no timestamp`);
    else if (before !== undefined && event.timestamp < before)
      faults.push(`${eventId} has an earlier timestamp than the previous event`);
  }
  const missing = sent.filter(({ eventId }) => !storedIds.has(eventId));
  faults.push(...missing.map(({ eventId }) => `${eventId} is missing`));
  const order = sent.filter(({ eventId }) => storedIds.has(eventId)).map(({ eventId }) => eventId);
  const misplaced = [...storedIds]
    .filter((eventId) => expected.has(eventId))
    .find((id, i) => id !== order[i]);
  if (misplaced !== undefined) faults.push(`${misplaced} is out of order`);
  return faults;
}

function faultsOfEvent(call: Call, sent: PlayedEvent, events: readonly Event[]): string[] {
  return events
    .filter(({ eventId }) => eventId === sent.eventId)
    .flatMap((event) => [
      ...(event.sessionId === call.sessionId
        ? []
        : [`${sent.eventId} belongs to the session ${event.sessionId}`]),
      ...(event.type === sent.type
        ? []
        : [`${sent.eventId} has the type ${event.type}, expected ${sent.type}`]),
      ...(sameJson((event.payload ?? null) as JsonValue, sent.payload)
        ? []
        : [`the payload of ${sent.eventId} differs from what was sent`]),
    ]);
}
