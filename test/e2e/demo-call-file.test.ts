import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Call, DemoError, readCallFile } from '../../demo/call-file';
import { endServices, temporaryFolder } from '../support/service-process';

describe("The demo's reader of call files", () => {
  afterEach(endServices);

  function read(...lines: (string | object)[]): Call[] {
    const file = join(temporaryFolder(), 'calls.jsonl');
    writeFileSync(
      file,
      lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
    );
    return readCallFile(file);
  }

  const SESSION = { session: { sessionId: 'call-1', language: 'en-US', metadata: { channel: 'phone' } } };
  const EVENT = { eventId: 'event-1', type: 'user_speech', payload: { text: 'hello' } };

  it('reads calls and their events in order, and accepts a BOM, blank lines and CRLF', () => {
    const other = { session: { sessionId: 'call-2', language: 'de' } };
    const late = { eventId: 'event-2', type: 'dtmf', sent: 2, afterHangUp: true };
    const calls = read('\uFEFF' + JSON.stringify(SESSION) + '\r', EVENT, '', late, other, EVENT, '');
    expect(calls).toMatchObject([
      {
        ...SESSION.session,
        events: [
          { ...EVENT, sent: 1, afterHangUp: false },
          { ...late, payload: {} },
        ],
      },
      { ...other.session, metadata: {}, events: [EVENT] },
    ]);
  });

  it.each<[string, (string | object)[], RegExp]>([
    ['an empty file', [''], /calls\.jsonl contains no calls/],
    ['a call without events', [SESSION], /calls\.jsonl, line 1: the call call-1 has no events$/],
    ['a line that is not JSON', [SESSION, EVENT, '{oops'], /calls\.jsonl, line 3: invalid JSON: /],
    ['a line that is not an object', [SESSION, '[1]'], /line 2: a line must be a JSON object$/],
    ['an event before a session', [EVENT, SESSION], /line 1: an event before the first/],
    ['a session that is not an object', [{ session: 'call-1' }], /line 1: "session" must be an object$/],
    [
      'a session without a language',
      [{ session: { sessionId: 'a' } }],
      /line 1: "language" must be a non-empty string$/,
    ],
    [
      'a session that occurs twice',
      [SESSION, EVENT, SESSION],
      /line 3: the session call-1 occurs twice in this file$/,
    ],
    ['an event without an ID', [SESSION, { type: 'x' }], /line 2: "eventId" must be a non-empty string$/],
    [
      'a payload that is not an object',
      [SESSION, { ...EVENT, payload: 3 }],
      /line 2: "payload" must be an object$/,
    ],
    [
      'an event that occurs twice',
      [SESSION, EVENT, EVENT],
      /line 3: the event event-1 occurs twice in this call/,
    ],
    ['an event sent 0 times', [SESSION, { ...EVENT, sent: 0 }], /line 2: "sent" must be an integer/],
    [
      'an event before the hang-up that follows one after it',
      [SESSION, { ...EVENT, afterHangUp: true }, { ...EVENT, eventId: 'event-2' }],
      /line 3: an event before the hang-up follows one after it/,
    ],
  ])('reports %s on one line', (_, lines, message) => {
    let problem: unknown;
    try {
      read(...lines);
    } catch (error) {
      problem = error;
    }
    expect(problem).toBeInstanceOf(DemoError);
    expect(problem).toMatchObject({ message: expect.stringMatching(message) as string });
    expect(problem).toMatchObject({ message: expect.not.stringContaining('\n') as string });
  });
});
