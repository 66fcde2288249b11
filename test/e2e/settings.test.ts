import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endServices, runService, startService, temporaryFolder } from '../support/service-process';

afterEach(endServices);

it('--help prints each setting with its default and what it means', async () => {
  const { code, stdout, stderr } = await runService({ options: ['--help'] });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const defaults = {
    MONGODB_URI: 'unset',
    DATA_DIR: './data',
    MIN_FREE_DISK: '256MiB',
    HOST: '127.0.0.1',
    GRPC_PORT: '50051',
    HTTP_PORT: '3000',
    DEFAULT_DEADLINE: '10s',
    MAX_STREAMS_PER_CONNECTION: '1000',
    MAX_IN_FLIGHT_REQUESTS: '10000',
    MAX_IN_FLIGHT_BYTES: '128MiB',
    MAX_CONNECTION_AGE: '30m',
    SHUTDOWN_GRACE: '8s',
    LOG_LEVEL: 'info',
  };
  const rows = stdout.split('\n').map((row) => row.trim().split(/\s{2,}/));
  for (const [name, value] of Object.entries(defaults)) {
    expect(rows).toContainEqual([name, value, expect.stringMatching(/\w/) as string]);
  }
});

it('--help works whatever the settings are', async () => {
  const { code } = await runService({ options: ['--help'], environment: { GRPC_PORT: 'x' } });
  expect(code).toBe(0);
});

it('reads a .env file in the working folder, and the environment wins over it', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, '.env'), 'GRPC_PORT=70000\nLOG_LEVEL=debug\nDATA_DIR=./from-dotenv\n');
  const exit = await runService({ folder });
  expect(exit.code).toBe(1);
  expect(exit.stderr).toMatch(/^GRPC_PORT must be .* "70000"/);

  const { service } = await startService({ DATA_DIR: './from-environment' }, folder);
  service.signal('SIGTERM');
  expect((await service.exit).code).toBe(0);
  const again = await startService({ DATA_DIR: join(folder, 'from-environment') });
  expect(again.port).toBeGreaterThan(0);
});

it('says on one line of its log where it listens and what it stores in', async () => {
  const { service, port, url } = await startService();
  const line = service.log.find(({ msg }) => String(msg).startsWith('listening'));
  expect(line).toMatchObject({ host: '127.0.0.1', grpcPort: port, store: 'embedded' });
  const http = url.replace('http://', '');
  expect(line?.msg).toBe(`listening for gRPC on 127.0.0.1:${port} and for HTTP on ${http}`);
  expect((await fetch(`${url}/livez`)).status).toBe(200);
});

it('has no HTTP where HTTP_PORT is empty', async () => {
  const { service, port } = await startService({ HTTP_PORT: '', PORT: '0' });
  const line = service.log.find(({ msg }) => String(msg).startsWith('listening'));
  expect(line?.msg).toBe(`listening for gRPC on 127.0.0.1:${port}`);
  expect(line).not.toHaveProperty('httpPort');
});
