import { SessionStatus, type Session } from '../../generated/conversation/v1/session';
import type { Event } from '../../generated/conversation/v1/event';
import type { Call } from '../../demo/call-file';
import { faultsOfLog } from '../../demo/verify-log';

const IDS = ['a', 'b', 'c', 'd'];

const CALL: Call = {
  place: 'calls.jsonl, line 1',
  sessionId: 'call-1',
  language: 'en-US',
  metadata: { channel: 'phone' },
  events: IDS.map((eventId) => ({
    place: 'calls.jsonl',
    eventId,
    type: 'user_speech',
    payload: { text: `says ${eventId}` },
    sent: 1,
    afterHangUp: false,
  })),
};

const SESSION: Session = {
  sessionId: 'call-1',
  language: 'en-US',
  metadata: { channel: 'phone' },
  status: SessionStatus.SESSION_STATUS_COMPLETED,
  startedAt: new Date(1_000),
  endedAt: new Date(2_000),
  eventCount: 4,
  endReason: 'hang-up',
  expiresAt: undefined,
};

const event = (eventId: string, sequence: number): Event => ({
  eventId,
  sequence,
  sessionId: 'call-1',
  type: 'user_speech',
  payload: { text: `says ${eventId}` },
  timestamp: new Date(1_000 + sequence),
});

/** Returns a log of these events in this order, with correct sequences. */
const log = (...ids: string[]): Event[] => ids.map((eventId, index) => event(eventId, index + 1));

describe("The demo's verification", () => {
  it('finds no problem in a log that matches what was sent', () => {
    expect(faultsOfLog(CALL, SESSION, log(...IDS))).toEqual([]);
  });

  it.each<[string, Event[], string]>([
    ['a missing event', log('a', 'b', 'd'), 'c is missing'],
    ['a missing last event', log('a', 'b', 'c'), 'd is missing'],
    ['a duplicated event', log('a', 'b', 'b', 'c', 'd'), 'b is stored twice'],
    ['events out of order', log('a', 'c', 'b', 'd'), 'c is out of order'],
    ['an event that was never sent', log('a', 'b', 'c', 'd', 'e'), 'e was never sent'],
    ['a gap in the sequence', [...log('a', 'b', 'c'), event('d', 5)], 'd has sequence 5, expected 4'],
    [
      'a different payload',
      [...log('a', 'b', 'c'), { ...event('d', 4), payload: { text: 'says D' } }],
      'the payload of d differs from what was sent',
    ],
    [
      'a different type',
      [...log('a', 'b', 'c'), { ...event('d', 4), type: 'dtmf' }],
      'd has the type dtmf, expected user_speech',
    ],
    [
      'a decreasing timestamp',
      [...log('a', 'b', 'c'), { ...event('d', 4), timestamp: new Date(0) }],
      'd has an earlier timestamp than the previous event',
    ],
  ])('reports %s', (_, events, problem) => {
    expect(faultsOfLog(CALL, SESSION, events)).toContain(problem);
  });

  it.each<[string, Partial<Session>, RegExp]>([
    ['status', { status: SessionStatus.SESSION_STATUS_ACTIVE }, /^the session's status is 2/],
    ['metadata', { metadata: {} }, /^the session's metadata is \{\}/],
    ['event count', { eventCount: 5 }, /^the session's event count is 5, expected 4/],
    ['end', { endedAt: undefined }, /no end time/],
  ])("reports a session's wrong %s", (_, change, problem) => {
    const problems = faultsOfLog(CALL, { ...SESSION, ...change }, log(...IDS));
    expect(problems).toEqual([expect.stringMatching(problem)]);
  });
});
