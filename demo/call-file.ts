import { readFileSync } from 'node:fs';
import { errorMessage } from '../src/core/error-message';
import { isJsonObject, type JsonObject, type JsonValue } from '../src/core/struct/json';

/** One line of a call file: an event, and how to play it. */
export interface PlayedEvent {
  /** File and line, for messages. */
  readonly place: string;
  readonly eventId: string;
  readonly type: string;
  readonly payload: JsonObject;
  /** How often to send it; more than once simulates retries. */
  readonly sent: number;
  /** Whether to send it after CompleteSession. */
  readonly afterHangUp: boolean;
}

/** A call: its session and its events, in sending order. */
export interface Call {
  /** File and line, for messages. */
  readonly place: string;
  readonly sessionId: string;
  readonly language: string;
  readonly metadata: JsonObject;
  readonly events: readonly PlayedEvent[];
}

/** An expected failure of the demo; its one-line message is printed without a stack. */
export class DemoError extends Error {
  override readonly name = 'DemoError';
}

interface OpenCall extends Call {
  readonly events: PlayedEvent[];
}

/**
 * Reads a file of JSON lines. A line `{"session": {"sessionId", "language", "metadata"}}`
 * starts a call; the lines after it are its events, `{"eventId", "type", "payload"}`, in
 * order. `"sent": 2` sends an event twice, like a client that did not get the reply;
 * `"afterHangUp": true` sends it after CompleteSession.
 *
 * @throws DemoError with the line that is invalid
 */
export function readCallFile(path: string): Call[] {
  const calls: OpenCall[] = [];
  const text = readText(path);
  for (const [index, content] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    if (content.trim() === '') continue;
    const place = `${path}, line ${index + 1}`;
    try {
      addLine(calls, place, parseObject(content));
    } catch (error) {
      throw new DemoError(`${place}: ${errorMessage(error)}`);
    }
  }
  if (calls.length === 0) {
    throw new DemoError(
      `${path} contains no calls: it must start with a line {"session": {…}}, followed by events`,
    );
  }
  for (const { place, sessionId, events } of calls) {
    if (events.length === 0) throw new DemoError(`${place}: the call ${sessionId} has no events`);
  }
  return calls;
}

function readText(path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    if (error instanceof TypeError) throw new DemoError(`cannot read ${path}: it is not UTF-8 text`);
    throw new DemoError(`cannot read ${path}: ${errorMessage(error).replace(/, \w+( '.*')?$/, '')}`);
  }
}

function addLine(calls: OpenCall[], place: string, record: JsonObject): void {
  if (Object.hasOwn(record, 'session')) {
    const call = toCall(place, record.session);
    if (calls.some(({ sessionId }) => sessionId === call.sessionId))
      throw new Error(`the session ${call.sessionId} occurs twice in this file`);
    calls.push(call);
    return;
  }
  const call = calls.at(-1);
  if (call === undefined)
    throw new Error('an event before the first {"session": {…}} line: it belongs to no call');
  const event = toEvent(place, record);
  const last = call.events.at(-1);
  if (call.events.some(({ eventId }) => eventId === event.eventId))
    throw new Error(
      `the event ${event.eventId} occurs twice in this call: to send an event twice, use "sent": 2`,
    );
  if (last?.afterHangUp === true && !event.afterHangUp)
    throw new Error('an event before the hang-up follows one after it: set "afterHangUp" here too');
  call.events.push(event);
}

function toCall(place: string, session: JsonValue | undefined): OpenCall {
  if (!isJsonObject(session)) throw new Error('"session" must be an object');
  const metadata = session.metadata ?? {};
  if (!isJsonObject(metadata)) throw new Error('"metadata" must be an object');
  return {
    place,
    sessionId: textOf(session, 'sessionId'),
    language: textOf(session, 'language'),
    metadata,
    events: [],
  };
}

function toEvent(place: string, record: JsonObject): PlayedEvent {
  const { payload = {}, sent = 1, afterHangUp = false } = record;
  if (!isJsonObject(payload)) throw new Error('"payload" must be an object');
  if (typeof sent !== 'number' || !Number.isInteger(sent) || sent < 1 || sent > 100)
    throw new Error('"sent" must be an integer from 1 to 100');
  if (typeof afterHangUp !== 'boolean') throw new Error('"afterHangUp" must be true or false');
  return {
    place,
    eventId: textOf(record, 'eventId'),
    type: textOf(record, 'type'),
    payload,
    sent,
    afterHangUp,
  };
}

function textOf(object: JsonObject, key: string): string {
  const value = object[key];
  if (typeof value === 'string' && value !== '') return value;
  throw new Error(`"${key}" must be a non-empty string`);
}

function parseObject(content: string): JsonObject {
  let value: JsonValue;
  try {
    value = JSON.parse(content) as JsonValue;
  } catch (error) {
    throw new Error(`invalid JSON: ${errorMessage(error)}`, { cause: error });
  }
  if (!isJsonObject(value)) throw new Error('a line must be a JSON object');
  return value;
}
