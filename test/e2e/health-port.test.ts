import { createServer } from 'node:net';
import { credentials, status as Code } from '@grpc/grpc-js';
import { HealthCheckResponse_ServingStatus as Serving } from '../../generated/grpc/health/v1/health';
import { Authority, SwappedFiles } from '../support/certificates';
import { connect, disconnect } from '../support/connect';
import { failureOf } from '../support/call-error';
import { checkHealth } from '../support/health-client';
import { endServices, runService, type ServiceProcess, startService } from '../support/service-process';
import { until } from '../support/until';

describe('The health port', () => {
  afterEach(async () => {
    disconnect();
    await endServices();
  });

  const { SERVING, NOT_SERVING } = Serving;

  /** Returns the health port that the startup line reports. */
  function healthPortOf(service: ServiceProcess): number {
    return Number(service.log.find(({ msg }) => String(msg).startsWith('listening'))?.healthPort);
  }

  it('serves readiness and liveness in plain text even with TLS, and nothing else', async () => {
    const authority = new Authority('own');
    const { certificate, key } = authority.issue('server');
    const files = new SwappedFiles({ certificate, key });
    const { service, port } = await startService({
      ...{ HEALTH_PORT: '0', TLS_CERT: files.path('certificate'), TLS_KEY: files.path('key') },
    });
    const healthPort = healthPortOf(service);
    for (const name of ['', 'conversation.v1.SessionService']) {
      await until('it is ready', async () =>
        (await checkHealth(healthPort, name)) === SERVING ? true : undefined,
      );
    }
    expect(await checkHealth(healthPort, 'liveness')).toBe(SERVING);
    expect(await failureOf(connect(healthPort).listSessions())).toMatchObject({ code: Code.UNIMPLEMENTED });
    const secure = credentials.createSsl(authority.certificate);
    expect(await checkHealth(port, '', secure)).toBe(SERVING);
    await expect(checkHealth(port, 'liveness', secure)).rejects.toMatchObject({ code: Code.NOT_FOUND });
  });

  it('reports live but not ready while the store is unreachable', async () => {
    const { service } = await startService({ HEALTH_PORT: '0', MONGODB_URI: 'mongodb://127.0.0.1:9/' });
    const healthPort = healthPortOf(service);
    expect(await checkHealth(healthPort, 'liveness')).toBe(SERVING);
    expect(await checkHealth(healthPort, '')).toBe(NOT_SERVING);
    expect(await checkHealth(healthPort, 'conversation.v1.SessionService')).toBe(NOT_SERVING);
  });

  it('reports a HEALTH_PORT that is in use', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const { code, stderr } = await runService({ environment: { GRPC_PORT: '0', HEALTH_PORT: String(port) } });
    await new Promise((resolve) => other.close(resolve));
    expect(code).toBe(1);
    expect(stderr).toMatch(
      new RegExp(`^port ${port} on 127\\.0\\.0\\.1 is in use: stop .* or set HEALTH_PORT`),
    );
  });
});
