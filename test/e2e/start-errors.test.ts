import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { open } from 'lmdb';
import {
  endServices,
  type Exit,
  runService,
  startService,
  temporaryFolder,
} from '../support/service-process';
import { connect, disconnect } from '../support/connect';

describe('A server that cannot start', () => {
  afterEach(async () => {
    disconnect();
    await endServices();
  });

  /** Expects exit code 1, one line per problem, and no stack trace. */
  function expectStartupError({ code, stderr }: Exit, ...lines: RegExp[]): void {
    const actual = stderr.trimEnd().split('\n');
    expect(actual).toEqual(lines.map((line) => expect.stringMatching(line) as string));
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(code).toBe(1);
  }

  it('reports a port in use, and what to do', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const exit = await runService({ environment: { GRPC_PORT: String(port) } });
    await new Promise((resolve) => other.close(resolve));
    expectStartupError(
      exit,
      new RegExp(`^port ${port} on 127\\.0\\.0\\.1 is in use: stop .* or set GRPC_PORT`),
    );
  });

  it('reports an address that this machine does not have', async () => {
    const exit = await runService({
      environment: { GRPC_PORT: '0', HTTP_PORT: '', HOST: '192.0.2.1', ALLOW_INSECURE: 'true' },
    });
    expectStartupError(exit, /^cannot listen on 192\.0\.2\.1:0: .*check HOST and GRPC_PORT$/);
  });

  it.each(['file', 'file/below'])('reports a DATA_DIR that cannot be written: %s', async (path) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), 'not a folder');
    const exit = await runService({
      environment: { GRPC_PORT: '0', HTTP_PORT: '', DATA_DIR: join(folder, path) },
    });
    expectStartupError(
      exit,
      /^DATA_DIR \/.*\/file.* cannot be used: .*; use a folder on a local disk that this user can write to/,
    );
  });

  it('reports a DATA_DIR that another process uses, and leaves that process undisturbed', async () => {
    const folder = temporaryFolder();
    const { port } = await startService({}, folder);
    expectStartupError(
      await runService({ environment: { GRPC_PORT: '0', HTTP_PORT: '' }, folder }),
      /^DATA_DIR \/.*\/data is in use by another process of this service; stop that process, or set another folder$/,
    );
    const { created } = await connect(port).createSession({ sessionId: 'call-1' });
    expect(created).toBe(true);
  });

  it.each(['text', 'text\n'.repeat(1000)])(
    'reports a DATA_DIR whose data.mdb has other content',
    async (text) => {
      const folder = temporaryFolder();
      mkdirSync(join(folder, 'data'));
      writeFileSync(join(folder, 'data', 'data.mdb'), text);
      const exit = await runService({ environment: { GRPC_PORT: '0', HTTP_PORT: '' }, folder });
      expectStartupError(
        exit,
        /^DATA_DIR .* cannot be used: its data\.mdb is not a data file of this service/,
      );
    },
  );

  it('reports a DATA_DIR with another format version', async () => {
    const folder = temporaryFolder();
    const data = join(folder, 'data');
    mkdirSync(data);
    const store = open({ path: data, maxDbs: 8 });
    await store.openDB<number, string>({ name: 'meta' }).put('format', 99);
    await store.close();
    const exit = await runService({ environment: { GRPC_PORT: '0', HTTP_PORT: '' }, folder });
    expectStartupError(
      exit,
      /has data in format 99, but this version of the service reads format \d+: run the version/,
    );
  });

  it('reports all malformed settings at once, each with its rule and default', async () => {
    const environment = {
      GRPC_PORT: '70000',
      DEFAULT_DEADLINE: '10',
      MIN_FREE_DISK: 'lots',
      LOG_LEVEL: 'loud',
      MAX_STREAMS_PER_CONNECTION: '0',
    };
    expectStartupError(
      await runService({ environment }),
      /^MIN_FREE_DISK must be a size such as .*; got "lots" \(default: 256MiB\)$/,
      /^GRPC_PORT must be a whole number from 0 to 65535; got "70000" \(default: 50051\)$/,
      /^DEFAULT_DEADLINE must be a duration from 1ms to 20d, such as .*; got "10" \(default: 10s\)$/,
      /^MAX_STREAMS_PER_CONNECTION must be a whole number from 1 to 1000000; got "0" \(default: 1000\)$/,
      /^LOG_LEVEL must be one of .*; got "loud" \(default: info\)$/,
    );
  });

  it.each([[['--verbose']], [['start']], [['--verbose', '--help']]])(
    'reports an unknown option: %j',
    async (options) => {
      const { code, stdout, stderr } = await runService({ options });
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toBe(`unknown option ${options.join(' ')}: see npm start -- --help\n`);
    },
  );
});
