import { Client, credentials } from '@grpc/grpc-js';
import { HealthCheckRequest, HealthCheckResponse } from '../../generated/grpc/health/v1/health';
import { endServices, type ServiceProcess, startService, temporaryFolder } from '../support/service-process';
import { connect, disconnect, readLog } from '../support/connect';
import { outcomesOf } from '../support/outcomes';
import { until } from '../support/until';

const SESSION = 'call-1';
/** The time that a process manager typically allows for a shutdown. */
const LIMIT_MS = 10_000;

describe('Shutdown', () => {
  afterEach(async () => {
    disconnect();
    await endServices();
  });

  async function exitAfter(
    service: ServiceProcess,
    signal: NodeJS.Signals,
  ): Promise<{ code: number | null; ms: number }> {
    const sentAt = performance.now();
    service.signal(signal);
    const { code } = await service.exit;
    return { code, ms: performance.now() - sentAt };
  }

  /** Expects the log to be dense and to contain the acknowledged events. */
  async function expectStored(folder: string, acknowledged: readonly string[]): Promise<void> {
    const { port } = await startService({}, folder);
    const events = await readLog(connect(port), SESSION);
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
    const ids = events.map(({ eventId }) => eventId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining([...acknowledged]));
  }

  describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
    it('stops an idle service with exit code 0 and an empty stderr', async () => {
      const { service } = await startService();
      const { code, ms } = await exitAfter(service, signal);
      expect({ code, stderr: (await service.exit).stderr }).toEqual({ code: 0, stderr: '' });
      expect(ms).toBeLessThan(LIMIT_MS);
    });

    it('answers calls in flight, rejects later ones, and loses no acknowledged event', async () => {
      const folder = temporaryFolder();
      const { service, port } = await startService({ LOG_LEVEL: 'debug' }, folder);
      const client = connect(port);
      await client.createSession({ sessionId: SESSION });

      const add = async (writer: number): Promise<string[]> => {
        const acknowledged: string[] = [];
        for (let count = 0; ; count += 1) {
          const eventId = `event-${writer}-${count}`;
          const adding = client.addEvent({
            sessionId: SESSION,
            eventId,
            payload: { text: 'x'.repeat(20_000) },
          });
          const [outcome] = await outcomesOf([adding]);
          if (outcome !== 'OK') {
            expect(outcome).toBe('UNAVAILABLE');
            return acknowledged;
          }
          acknowledged.push(eventId);
        }
      };
      const writers = Promise.all(Array.from({ length: 16 }, (_, writer) => add(writer)));
      await until('some events are stored', async () => {
        const { session } = await client.getSession({ sessionId: SESSION, limit: 1 });
        return (session?.eventCount ?? 0) >= 50 || undefined;
      });
      const { code, ms } = await exitAfter(service, signal);
      const acknowledged = (await writers).flat();

      expect(code).toBe(0);
      expect(ms).toBeLessThan(LIMIT_MS);
      expect(acknowledged.length).toBeGreaterThanOrEqual(50);
      const answered = service.log.filter(
        ({ method, code: status }) => method === 'AddEvent' && status === 'OK',
      );
      expect(acknowledged.length).toBe(answered.length);
      await expectStored(folder, acknowledged);
    });
  });

  it('sends large replies completely before it closes connections', async () => {
    const folder = temporaryFolder();
    const { service, port } = await startService({ LOG_LEVEL: 'debug' }, folder);
    const client = connect(port);
    await client.createSession({ sessionId: SESSION });
    const text = 'x'.repeat(1_000_000);
    const ids = Array.from({ length: 40 }, (_, index) => `event-${index}`);
    const adding = outcomesOf(
      ids.map((eventId) => client.addEvent({ sessionId: SESSION, eventId, payload: { text } })),
    );
    await until('one call is answered', () => service.log.find(({ method }) => method === 'AddEvent'));
    const { code, ms } = await exitAfter(service, 'SIGTERM');
    const outcomes = await adding;

    expect(code).toBe(0);
    expect(ms).toBeLessThan(LIMIT_MS);
    const answered = service.log.filter(
      ({ method, code: status }) => method === 'AddEvent' && status === 'OK',
    );
    expect(outcomes.filter((outcome) => outcome === 'OK')).toHaveLength(answered.length);
    expect(new Set(outcomes)).toEqual(
      new Set(outcomes.includes('UNAVAILABLE') ? ['OK', 'UNAVAILABLE'] : ['OK']),
    );
    await expectStored(
      folder,
      ids.filter((_, index) => outcomes[index] === 'OK'),
    );
  });

  it('is not delayed by an open health Watch, which gets NOT_SERVING first', async () => {
    const { service, port } = await startService({ SHUTDOWN_GRACE: '5s' });
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    const statuses: number[] = [];
    const watch = client.makeServerStreamRequest(
      '/grpc.health.v1.Health/Watch',
      (request: HealthCheckRequest) => Buffer.from(HealthCheckRequest.encode(request).finish()),
      (bytes) => HealthCheckResponse.decode(bytes),
      { service: '' },
    );
    const ended = new Promise((resolve) => watch.once('end', resolve).once('error', resolve));
    watch.on('data', ({ status }: HealthCheckResponse) => void statuses.push(status));
    await until('the watch reports SERVING', () => statuses.includes(1) || undefined);

    const { code, ms } = await exitAfter(service, 'SIGTERM');
    await ended;
    client.close();
    expect(code).toBe(0);
    expect(ms).toBeLessThan(2_000);
    expect(statuses.at(-1)).toBe(2);
  });

  it('is not delayed by an idle client connection', async () => {
    const { service, port } = await startService();
    const client = connect(port);
    await client.createSession({ sessionId: SESSION });
    const { code, ms } = await exitAfter(service, 'SIGTERM');
    expect(code).toBe(0);
    expect(ms).toBeLessThan(2_000);
  });

  it('SIGKILL in the middle of 1,000 adds loses no acknowledged event', async () => {
    const folder = temporaryFolder();
    const { service, port } = await startService({}, folder);
    const client = connect(port);
    await client.createSession({ sessionId: SESSION });
    const acknowledged: string[] = [];
    const add = async (writer: number): Promise<void> => {
      for (let count = 0; count < 50; count += 1) {
        const eventId = `event-${writer}-${count}`;
        await client.addEvent({ sessionId: SESSION, eventId });
        acknowledged.push(eventId);
        if (acknowledged.length === 300) service.signal('SIGKILL');
      }
    };
    const outcomes = await outcomesOf(Array.from({ length: 20 }, (_, writer) => add(writer)));

    expect((await service.exit).signal).toBe('SIGKILL');
    expect(outcomes).toContain('UNAVAILABLE');
    expect(acknowledged.length).toBeGreaterThanOrEqual(300);
    await expectStored(folder, acknowledged);
  });
});
