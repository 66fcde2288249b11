import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, disconnect } from '../support/connect';
import { endServices, ServiceProcess, startService, temporaryFolder } from '../support/service-process';
import { until } from '../support/until';

describe('The first start of the embedded store', () => {
  afterEach(async () => {
    disconnect();
    await endServices();
  });

  /** Files that a first start creates, in their order. */
  const STEPS = ['new', 'new/data.mdb', 'new/lock.mdb', 'data.mdb', 'store.json', 'lock', 'lock.mdb'];

  it.each(STEPS)('a first start that is killed once it has created %s can be repeated', async (file) => {
    const folder = temporaryFolder();
    const environment = { GRPC_PORT: '0', HTTP_PORT: '' };
    const service = new ServiceProcess({ environment, folder });
    // Some steps take less than a millisecond: then a later one has been reached, too.
    const laterFiles = STEPS.slice(STEPS.indexOf(file)).map((name) => join(folder, 'data', name));
    await until('the step is reached', () =>
      laterFiles.some((path) => existsSync(path)) ? true : undefined,
    );
    service.signal('SIGKILL');
    await service.exit;

    const { port } = await startService({}, folder);
    expect((await connect(port).createSession({ sessionId: 'call-1' })).created).toBe(true);
  });

  it('what a killed first start left of data.mdb is not used', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'data', 'new'), { recursive: true });
    writeFileSync(join(folder, 'data', 'new', 'data.mdb'), Buffer.alloc(8192, 1));
    writeFileSync(join(folder, 'data', 'new', 'lock.mdb'), Buffer.alloc(8192, 1));
    const { port } = await startService({}, folder);
    expect((await connect(port).createSession({ sessionId: 'call-1' })).created).toBe(true);
    expect(existsSync(join(folder, 'data', 'new'))).toBe(false);
  });
});
