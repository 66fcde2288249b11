import { readFileSync } from 'node:fs';
import type { JsonObject, JsonValue } from '../src/core/struct/json';

/** One line of a call: an event, and how it is played. */
export interface PlayedEvent {
  /** File and line, for messages. */
  readonly place: string;
  readonly eventId: string;
  readonly type: string;
  readonly payload: JsonObject;
  /** How many times it is sent: more than once is a retry. */
  readonly sent: number;
  /** Whether it is sent after the session's completion. */
  readonly afterHangUp: boolean;
}

/** A call: its session and its events, in the order in which they are sent. */
export interface Call {
  /** File and line, for messages. */
  readonly place: string;
  readonly sessionId: string;
  readonly language: string;
  readonly metadata: JsonObject;
  readonly events: readonly PlayedEvent[];
}

/** The calls cannot be played; the message is one line for the person who started it. */
export class DemoError extends Error {
  override readonly name = 'DemoError';
}

interface OpenCall extends Call {
  readonly events: PlayedEvent[];
}

/**
 * Reads a file of JSON lines. A line `{"session": {"sessionId", "language", "metadata"}}`
 * opens a call; the lines after it are its events, `{"eventId", "type", "payload"}`, in
 * order. `"sent": 2` on an event sends it twice, as a client does that missed a reply;
 * `"afterHangUp": true` sends it after CompleteSession.
 *
 * @throws DemoError naming the line at fault
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
      takeLine(calls, place, parseObject(content));
    } catch (error) {
      throw new DemoError(`${place}: ${messageOf(error)}`);
    }
  }
  if (calls.length === 0) {
    throw new DemoError(
      `${path} holds no calls: its first line should be {"session": {…}}, and events follow`,
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
    throw new DemoError(`cannot read ${path}: ${messageOf(error).replace(/, \w+( '.*')?$/, '')}`);
  }
}

function takeLine(calls: OpenCall[], place: string, record: JsonObject): void {
  if (Object.hasOwn(record, 'session')) {
    const call = toCall(place, record.session);
    if (calls.some(({ sessionId }) => sessionId === call.sessionId))
      throw new Error(`the session ${call.sessionId} is in this file already`);
    calls.push(call);
    return;
  }
  const call = calls.at(-1);
  if (call === undefined) throw new Error('an event before any {"session": {…}} line: it belongs to no call');
  const event = toEvent(place, record);
  const last = call.events.at(-1);
  if (call.events.some(({ eventId }) => eventId === event.eventId))
    throw new Error(`the event ${event.eventId} is in this call already: "sent": 2 sends one event twice`);
  if (last?.afterHangUp === true && !event.afterHangUp)
    throw new Error('an event before the hang-up follows one after it: put "afterHangUp" on this one too');
  call.events.push(event);
}

function toCall(place: string, session: JsonValue | undefined): OpenCall {
  if (!isObject(session)) throw new Error('"session" must be an object');
  const metadata = session.metadata ?? {};
  if (!isObject(metadata)) throw new Error('"metadata" must be an object');
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
  if (!isObject(payload)) throw new Error('"payload" must be an object');
  if (typeof sent !== 'number' || !Number.isInteger(sent) || sent < 1 || sent > 100)
    throw new Error('"sent" must be a whole number from 1 to 100');
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
  throw new Error(`"${key}" must be a text that is not empty`);
}

function parseObject(content: string): JsonObject {
  let value: JsonValue;
  try {
    value = JSON.parse(content) as JsonValue;
  } catch (error) {
    throw new Error(`this is not JSON: ${messageOf(error)}`, { cause: error });
  }
  if (!isObject(value)) throw new Error('a line must be a JSON object');
  return value;
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
