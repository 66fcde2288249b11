import { mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { connect, disconnect, readLog } from '../support/connect';
import { endServices, runService, startService, temporaryFolder } from '../support/service-process';

const SESSION = 'call-1';

describe('The lock of the embedded store', () => {
  afterEach(async () => {
    disconnect();
    await endServices();
  });

  /** What may happen to a folder in use, and the DATA_DIR of a second server afterwards. */
  const VARIANTS: Readonly<Record<string, (folder: string) => string>> = {
    'nothing happened': (folder) => join(folder, 'data'),
    'its file lock was removed': (folder) => {
      rmSync(join(folder, 'data', 'lock'));
      return join(folder, 'data');
    },
    'its lock.mdb was removed': (folder) => {
      rmSync(join(folder, 'data', 'lock.mdb'));
      return join(folder, 'data');
    },
    'all files but data.mdb were removed': (folder) => {
      for (const file of ['lock', 'lock.mdb', 'store.json']) rmSync(join(folder, 'data', file));
      return join(folder, 'data');
    },
    'the second server reaches it through a link': (folder) => {
      symlinkSync(join(folder, 'data'), join(folder, 'link'));
      return join(folder, 'link');
    },
    'the second server has a relative path': () => join('.', 'data', '..', 'data'),
  };

  it.each(Object.entries(VARIANTS))(
    'a second server on a folder in use is refused: %s',
    async (_, change) => {
      const folder = temporaryFolder();
      const { service, port } = await startService({}, folder);
      const client = connect(port);
      await client.createSession({ sessionId: SESSION });
      await client.addEvent({ sessionId: SESSION, eventId: 'before' });

      const DATA_DIR = change(folder);
      const { code, stderr } = await runService({
        environment: { GRPC_PORT: '0', HTTP_PORT: '', DATA_DIR },
        folder,
      });
      expect(stderr).toMatch(
        /^DATA_DIR \/\S+ is in use by another process of this service; stop that process/,
      );
      expect(code).toBe(1);

      await client.addEvent({ sessionId: SESSION, eventId: 'after' });
      service.signal('SIGKILL');
      await service.exit;
      const restarted = await startService({}, folder);
      const stored = await readLog(connect(restarted.port), SESSION);
      expect(stored.map(({ eventId }) => eventId)).toEqual(['before', 'after']);
    },
  );

  it('a second server is refused on data.mdb in another folder, to which it was moved while in use', async () => {
    const folder = temporaryFolder();
    const { service } = await startService({}, folder);
    mkdirSync(join(folder, 'moved'));
    // A stopped process cannot notice the move.
    service.signal('SIGSTOP');
    renameSync(join(folder, 'data', 'data.mdb'), join(folder, 'moved', 'data.mdb'));
    const environment = { GRPC_PORT: '0', HTTP_PORT: '', DATA_DIR: join(folder, 'moved') };
    const { code, stderr } = await runService({ environment, folder });
    expect(stderr).toMatch(/^DATA_DIR \/\S+\/moved is in use by another process/);
    expect(code).toBe(1);
    service.signal('SIGCONT');
  });

  it('of several servers that start at once on a new folder, one serves and the others are refused', async () => {
    const folder = temporaryFolder();
    const environment = { GRPC_PORT: '0', HTTP_PORT: '', DATA_DIR: join(folder, 'data') };
    const starts = Array.from({ length: 4 }, () => startService(environment, folder));
    const started = await Promise.allSettled(starts);
    expect(started.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const start of started) {
      if (start.status === 'rejected') expect(String(start.reason)).toContain('is in use by another process');
    }
  });
});
