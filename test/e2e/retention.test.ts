import { failureOf } from '../support/call-error';
import { connect, disconnect } from '../support/connect';
import { endServices, startService } from '../support/service-process';
import { until } from '../support/until';

describe('Retention', () => {
  afterEach(async () => {
    disconnect();
    await endServices();
  });

  test('RETENTION deletes expired sessions, and the service shuts down cleanly during a sweep', async () => {
    const { service, port } = await startService({ RETENTION: '1s' });
    const client = connect(port);
    const sessionId = 'session-1';
    await client.createSession({ sessionId });
    const { session } = await client.completeSession({ sessionId });
    expect(session?.expiresAt?.getTime()).toBe((session?.endedAt?.getTime() ?? NaN) + 1000);
    const error = await until('it is deleted', () =>
      client.getSession({ sessionId }).then(
        () => undefined,
        (reason: unknown) => reason,
      ),
    );
    expect(error).toMatchObject({ info: { reason: 'SESSION_NOT_FOUND' } });
    expect(await failureOf(client.createSession({ sessionId }))).toMatchObject({
      info: { reason: 'SESSION_DELETED' },
    });
    const sweep = await until('the sweep is logged', () =>
      service.log.find(({ msg }) => msg === 'deleted expired sessions'),
    );
    expect(sweep).toMatchObject({ deleted: 1 });

    const ids = Array.from({ length: 3000 }, (_, index) => `many-${index}`);
    await Promise.all(ids.map((id) => client.createSession({ sessionId: id })));
    await until('a sweep is in progress', async () =>
      (await client.listSessions({ pageSize: 1000, startedAfter: new Date(0) })).sessions.length < 1000
        ? true
        : undefined,
    );
    service.signal('SIGTERM');
    expect((await service.exit).code).toBe(0);
    const warnings = service.log.filter(({ level }) => Number(level) >= 40);
    expect(warnings).toEqual([]);
  });
});
