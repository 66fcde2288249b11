import { failureOf } from '../support/call-error';
import { endServices, startService, temporaryFolder } from '../support/service-process';
import { connect, disconnect, readLog } from '../support/connect';
import { outcomesOf } from '../support/outcomes';
import { until } from '../support/until';

describe('The embedded store', () => {
  afterEach(async () => {
    disconnect();
    await endServices();
  });

  it('rejects writes while the disk is nearly full, and still serves reads and duplicates', async () => {
    const folder = temporaryFolder();
    const before = await startService({}, folder);
    const sessionId = 'call-1';
    const first = connect(before.port);
    await first.createSession({ sessionId });
    await first.addEvent({ sessionId, eventId: 'event-1' });
    before.service.signal('SIGTERM');
    await before.service.exit;

    const { port } = await startService({ MIN_FREE_DISK: '8000TiB' }, folder);
    const client = connect(port);
    const writes = [
      client.addEvent({ sessionId, eventId: 'event-2' }),
      client.createSession({ sessionId: 'call-2' }),
      client.completeSession({ sessionId }),
    ];
    expect(await outcomesOf(writes)).toEqual(Array<string>(3).fill('RESOURCE_EXHAUSTED'));
    for (const write of writes) {
      const { details, info } = await failureOf(write);
      expect(details).toContain('disk is nearly full');
      expect(info?.reason).toBe('STORAGE_FULL');
    }
    const repeat = await client.addEvent({ sessionId, eventId: 'event-1' });
    expect(repeat.duplicate).toBe(true);
    const page = await client.getSession({ sessionId });
    expect(page.events.map(({ eventId }) => eventId)).toEqual(['event-1']);
    expect(page.session?.endedAt).toBeUndefined();
  });

  it('a call to a stopped server ends at its deadline, and a retry after the server resumes succeeds', async () => {
    const { service, port } = await startService({ LOG_LEVEL: 'debug' });
    const client = connect(port);
    const sessionId = 'call-1';
    await client.createSession({ sessionId });
    service.signal('SIGSTOP');
    const startedAt = performance.now();
    const outcomes = await outcomesOf([
      client.addEvent({ sessionId, eventId: 'late' }, { deadline: Date.now() + 500 }),
    ]);
    expect(outcomes).toEqual(['DEADLINE_EXCEEDED']);
    expect(performance.now() - startedAt).toBeLessThan(2_000);

    service.signal('SIGCONT');
    const again = await client.addEvent({ sessionId, eventId: 'late' });
    const events = await readLog(client, sessionId);
    expect(events).toEqual([again.event]);
  });

  it('does not start a call whose deadline has passed', async () => {
    const { service, port } = await startService({ LOG_LEVEL: 'debug' });
    const client = connect(port);
    await client.createSession({ sessionId: 'call-1' });
    service.signal('SIGSTOP');
    const adding = outcomesOf(
      Array.from({ length: 50 }, (_, index) =>
        client.addEvent({ sessionId: 'call-1', eventId: `event-${index}` }, { deadline: Date.now() + 300 }),
      ),
    );
    expect(new Set(await adding)).toEqual(new Set(['DEADLINE_EXCEEDED']));
    service.signal('SIGCONT');
    const ended = await until('the calls are logged', () => {
      const calls = service.log.filter(({ method }) => method === 'AddEvent');
      return calls.length === 0 ? undefined : calls;
    });
    expect(ended.map(({ code }) => code)).not.toContain('OK');
    const { session } = await client.getSession({ sessionId: 'call-1' });
    expect(session?.eventCount).toBe(0);
  });
});
