import { endServices, startService } from '../support/service-process';
import { connect, disconnect } from '../support/connect';
import { outcomesOf } from '../support/outcomes';

describe('The log', () => {
  afterEach(async () => {
    disconnect();
    await endServices();
  });

  const SECRET = 'my card number is 4929';

  /** Makes successful and failed calls, and returns the log. */
  async function logOf(level: string): Promise<{ lines: Record<string, unknown>[]; text: string }> {
    const { service, port } = await startService({ LOG_LEVEL: level });
    const client = connect(port);
    const sessionId = 'call-1';
    await client.createSession({ sessionId, metadata: { note: SECRET } });
    await client.addEvent({ sessionId, eventId: 'event-1', payload: { text: SECRET } });
    await client.getSession({ sessionId });
    await client.completeSession({ sessionId, endReason: SECRET });
    const unknown = client.addEvent({ sessionId: 'nobody', eventId: 'event-1', payload: { text: SECRET } });
    expect(await outcomesOf([unknown])).toEqual(['NOT_FOUND']);
    const invalid = client.createSession({ sessionId, language: '', metadata: { note: SECRET } });
    expect(await outcomesOf([invalid])).toEqual(['INVALID_ARGUMENT']);
    service.signal('SIGTERM');
    const { stdout } = await service.exit;
    return { lines: service.log.filter(({ method }) => method !== undefined), text: stdout };
  }

  it('has one JSON line per call at debug, without payload and metadata', async () => {
    const { lines, text } = await logOf('debug');
    expect(lines.map(({ method, code }) => [method, code])).toEqual([
      ['CreateSession', 'OK'],
      ['AddEvent', 'OK'],
      ['GetSession', 'OK'],
      ['CompleteSession', 'OK'],
      ['AddEvent', 'NOT_FOUND'],
      ['CreateSession', 'INVALID_ARGUMENT'],
    ]);
    for (const line of lines) {
      expect(line).toMatchObject({
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
        durationMs: expect.any(Number) as number,
        peer: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string,
      });
    }
    expect(text).not.toContain('4929');
  });

  it('has one line per failed call at info, with its reason, and none for other calls', async () => {
    const { lines, text } = await logOf('info');
    expect(lines.map(({ method, reason }) => [method, reason])).toEqual([
      ['AddEvent', 'SESSION_NOT_FOUND'],
      ['CreateSession', 'INVALID_REQUEST'],
    ]);
    expect(text).not.toContain('4929');
  });
});
