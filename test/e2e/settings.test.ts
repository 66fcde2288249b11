import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { endServices, runService, startService, temporaryFolder } from '../support/service-process';

describe('A server with settings', () => {
  afterEach(endServices);

  it('--help prints each setting with its default and meaning', async () => {
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

  it('--help works with invalid settings', async () => {
    const { code } = await runService({ options: ['--help'], environment: { GRPC_PORT: 'x' } });
    expect(code).toBe(0);
  });

  it('reads a .env file in the working folder; the environment takes precedence', async () => {
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

  it('a setting that is empty in the environment takes precedence over .env too', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, '.env'), 'HTTP_PORT=70000\n');
    const { service } = await startService({ HTTP_PORT: '' }, folder);
    expect(service.log.find(({ msg }) => String(msg).startsWith('listening'))).not.toHaveProperty('httpPort');
  });

  it.each([
    'draft settings\nGRPC_PORT=0\n',
    'GRPC_PORT: 0\nLOG_LEVEL=info\n',
    'GRPC_PORT=0\nTOKENS_FILE tokens\n',
  ])('refuses to start with a line of .env that is not a setting: %j', async (content) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, '.env'), content);
    const { code, stderr } = await runService({ folder, environment: {} });
    expect(stderr).toBe(
      '.env in the working folder has a line that is not NAME=value: write each setting as NAME=value, and begin comments with #\n',
    );
    expect(code).toBe(1);
  });

  it('reads every setting of a .env file that starts with a byte order mark', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, '.env'), '\uFEFFGRPC_PORT=70000\r\nLOG_LEVEL=loud\r\n');
    const { code, stderr } = await runService({ folder });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^GRPC_PORT must be .* "70000".*\nLOG_LEVEL must be .* "loud"/);
  });

  it.each([
    ['a folder', (path: string) => mkdirSync(path)],
    ['a file in UTF-16', (path: string) => writeFileSync(path, '\uFEFFGRPC_PORT=0\n', 'utf16le')],
    // Root may read every file.
    ...(process.getuid?.() === 0
      ? []
      : [
          [
            'a file without read permission',
            (path: string) => {
              writeFileSync(path, 'GRPC_PORT=0\n');
              chmodSync(path, 0);
            },
          ] as const,
        ]),
  ] as const)('refuses to start with a .env that is %s, and says what to do', async (_, create) => {
    const folder = temporaryFolder();
    create(join(folder, '.env'));
    const { code, stdout, stderr } = await runService({ folder });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(
      /^\.env in the working folder cannot be read \(E[A-Z_]+\): make it .*, or remove it\n$/,
    );
  });

  it('logs in one line where it listens and which store it uses', async () => {
    const { service, port, url } = await startService();
    const line = service.log.find(({ msg }) => String(msg).startsWith('listening'));
    expect(line).toMatchObject({ host: '127.0.0.1', grpcPort: port, store: 'embedded' });
    const http = url.replace('http://', '');
    expect(line?.msg).toBe(`listening for gRPC on 127.0.0.1:${port} and for HTTP on ${http}`);
    expect((await fetch(`${url}/livez`)).status).toBe(200);
  });

  it('does not serve HTTP if HTTP_PORT is empty', async () => {
    const { service, port } = await startService({ HTTP_PORT: '', PORT: '0' });
    const line = service.log.find(({ msg }) => String(msg).startsWith('listening'));
    expect(line?.msg).toBe(`listening for gRPC on 127.0.0.1:${port}`);
    expect(line).not.toHaveProperty('httpPort');
  });
});
