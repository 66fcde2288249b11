import type { Event } from '../generated/conversation/v1/event';
import { type Session, SessionStatus } from '../generated/conversation/v1/session';
import type { JsonObject } from '../src/core/struct/json';
import type { Paint } from './colours';
import { describeEvent, type Line } from './describe-event';
import { displayWidth, padTo, printable, truncate, wrap } from './text-layout';

/** Widths of a row's columns; with the gaps, a row has 100 characters. */
const NUMBER = 4;
const TIME = 10;
const LABEL = 13;
const TEXT = 67;
const WIDTH = NUMBER + TIME + LABEL + TEXT + 6;

/** Maximum number of rows for one line of an event: a tool result can be very long. */
const MAX_ROWS = 4;

/**
 * A conversation in readable form: a heading, one or more rows for each event, and a rule where the session was
 * completed.
 *
 * @param beforeHangUp the number of events that were sent before the session was completed
 */
export function conversationText(
  session: Session,
  events: readonly Event[],
  beforeHangUp: number,
  paint: Paint,
): string {
  const clock = clockFor(events);
  const rows = events.map((event) => rowsOfEvent(event, clock, paint));
  return [
    ...heading(session, clock.meaning, paint),
    ...rows.slice(0, beforeHangUp).flat(),
    endText(session, paint),
    ...rows.slice(beforeHangUp).flat(),
  ].join('\n');
}

function heading(session: Session, clock: string, paint: Paint): string[] {
  const about = Object.entries(session.metadata ?? {}).map(
    ([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const facts = [
    session.language,
    `${session.eventCount} ${session.eventCount === 1 ? 'event' : 'events'}`,
    clock,
  ];
  return [
    rule(session.sessionId, paint),
    ...wrap(printable([...about, ...facts].join(' · ')), WIDTH).map((line) => paint('dim', line)),
    '',
  ];
}

/** The heading of a call's events. */
export function titleText(sessionId: string, paint: Paint): string {
  return rule(sessionId, paint);
}

/** The rows of one event. */
export function eventText(event: Event, paint: Paint): string {
  return rowsOfEvent(event, clockFor([event]), paint).join('\n');
}

/** The rule with the session's final status. */
export function endText({ status, endReason }: Pick<Session, 'status' | 'endReason'>, paint: Paint): string {
  const name = SessionStatus[status].replace('SESSION_STATUS_', '').toLowerCase();
  return rule(`session ${name}: ${endReason}`, paint);
}

function rowsOfEvent(event: Event, clock: Clock, paint: Paint): string[] {
  return describeEvent(event.type, payloadOf(event)).flatMap((line, index) => {
    const first = index === 0;
    return rowsOf(first ? String(event.sequence) : '', first ? clock.time(event) : '', line, paint);
  });
}

function rule(text: string, paint: Paint): string {
  const title = truncate(printable(`── ${text} `), WIDTH - 2);
  return paint('bold', title + '─'.repeat(WIDTH - displayWidth(title)));
}

interface Clock {
  /** The meaning of the times, for the heading. */
  readonly meaning: string;
  readonly time: (event: Event) => string;
}

/** Uses the call's own times if its events have them, otherwise the timestamps of the service. */
function clockFor(events: readonly Event[]): Clock {
  if (events.some((event) => callTimeOf(event) !== undefined)) {
    return {
      meaning: 'times since the start of the call',
      time: (event) => {
        const ms = callTimeOf(event);
        return ms === undefined ? '' : minutesAndSeconds(ms);
      },
    };
  }
  return {
    meaning: 'times when the service stored the events (UTC)',
    time: ({ timestamp }) => timestamp?.toISOString().slice(11, 21) ?? '',
  };
}

function payloadOf({ payload }: Event): JsonObject {
  return payload ?? {};
}

/** Milliseconds since the start of the call. */
function callTimeOf(event: Event): number | undefined {
  const { startMs, atMs = startMs } = payloadOf(event);
  return typeof atMs === 'number' ? atMs : undefined;
}

function minutesAndSeconds(ms: number): string {
  const tenths = Math.round(ms / 100);
  const seconds = ((tenths % 600) / 10).toFixed(1).padStart(4, '0');
  return `${Math.floor(tenths / 600)}:${seconds}`;
}

function rowsOf(number: string, time: string, line: Line, paint: Paint): string[] {
  const text = printable(line.text);
  const noted = line.note === undefined ? text : `${text}  ${printable(line.note)}`;
  const wrapped = wrap(noted, TEXT);
  const shown = wrapped.slice(0, MAX_ROWS);
  if (wrapped.length > MAX_ROWS) shown[MAX_ROWS - 1] = truncate(`${shown[MAX_ROWS - 1] ?? ''} …`, TEXT);
  return shown.map((row, index) => {
    const first = index === 0;
    const label = padTo(truncate(first ? printable(line.label) : '', LABEL), LABEL);
    const start = `${(first ? number : '').padStart(NUMBER)}  ${(first ? time : '').padStart(TIME)}  `;
    const coloured = line.colour === 'dim' ? paint('dim', row) : row;
    return `${paint('dim', start)}${paint(line.colour, label)}  ${coloured}`.trimEnd();
  });
}
