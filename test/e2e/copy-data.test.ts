import { type ChildProcess, execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { connect, disconnect, readLog } from '../support/connect';
import { damageValues } from '../support/damaged-pages';
import { endServices, runService, startService, temporaryFolder } from '../support/service-process';
import { storeSessions } from '../support/stored-sessions';
import { until } from '../support/until';

const SCRIPT = resolve(__dirname, '..', '..', 'scripts', 'copy-data.mjs');
const SESSION = 'call-1';

describe('scripts/copy-data.mjs', () => {
  afterEach(async () => {
    disconnect();
    await endServices();
  });

  function startCopy(from: string, to: string): { child: ChildProcess; run: Promise<unknown> } {
    const run = promisify(execFile)(process.execPath, [SCRIPT, from, to]);
    return { child: run.child, run };
  }

  function copy(from: string, to: string): Promise<unknown> {
    return startCopy(from, to).run;
  }

  it('copies the data while the server accepts events; a server starts on the copy', async () => {
    const folder = temporaryFolder();
    const { port } = await startService({ DATA_DIR: join(folder, 'data') }, folder);
    const client = connect(port);
    await client.createSession({ sessionId: SESSION });
    let sent = 0;
    let acknowledged = 0;
    let done = false;
    const write = async (): Promise<void> => {
      while (!done) {
        await client.addEvent({ sessionId: SESSION, eventId: `event-${sent++}` });
        acknowledged += 1;
      }
    };
    const writing = Promise.all(Array.from({ length: 16 }, write));
    await until('some events are stored', () => (acknowledged >= 200 ? true : undefined));
    const before = acknowledged;
    await copy(join(folder, 'data'), join(folder, 'copy'));
    const after = acknowledged;
    done = true;
    await writing;
    expect(after).toBeGreaterThan(before);

    const copied = await startService({ DATA_DIR: join(folder, 'copy') }, folder);
    const reader = connect(copied.port);
    const events = await readLog(reader, SESSION);
    expect(events.length).toBeGreaterThanOrEqual(before);
    expect(events.length).toBeLessThanOrEqual(sent);
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, at) => at + 1));
    const { event } = await reader.addEvent({ sessionId: SESSION, eventId: 'in-the-copy' });
    expect(event?.sequence).toBe(events.length + 1);
  });

  it('a restored copy has the identity of the store, and the store goes on beside it', async () => {
    const folder = temporaryFolder();
    const data = await storeSessions(folder, 2);
    await copy(data, join(folder, 'copy'));
    expect(readdirSync(join(folder, 'copy')).sort()).toEqual(['data.mdb', 'store.json']);
    expect(readFileSync(join(folder, 'copy', 'store.json'))).toEqual(readFileSync(join(data, 'store.json')));
    await startService({}, folder);
    await startService({ DATA_DIR: join(folder, 'copy') }, folder);
  });

  it('rejects a source without data, and a target folder that is not empty', async () => {
    const folder = temporaryFolder();
    await startService({ DATA_DIR: join(folder, 'data') }, folder);
    await expect(copy(join(folder, 'nothing'), join(folder, 'copy'))).rejects.toThrow(
      /contains no data\.mdb/,
    );
    expect(existsSync(join(folder, 'copy'))).toBe(false);
    await expect(copy(join(folder, 'data'), join(folder, 'data'))).rejects.toThrow(/is not empty/);
  });

  describe('a copy that fails is one line and exit code 1, and leaves nothing', () => {
    let folder: string;
    let data: string;

    beforeEach(async () => {
      folder = temporaryFolder();
      data = await storeSessions(folder, 2);
    });

    async function expectFailure(line: RegExp, run = copy(data, join(folder, 'copy'))): Promise<void> {
      const failure: unknown = await run.catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(line) as string });
      expect(existsSync(join(folder, 'copy'))).toBe(false);
    }

    it('where the disk takes no more', async () => {
      // A limit on the size of files stands in for the full disk.
      const limited = 'ulimit -f 200 && exec "$0" "$@"';
      const command = ['-c', limited, process.execPath, SCRIPT, data, join(folder, 'copy')];
      const run = promisify(execFile)('sh', command);
      await expectFailure(/^\S+ cannot be copied to \S+: File too large\n$/, run);
    });

    it('where the source is cut short', async () => {
      truncateSync(join(data, 'data.mdb'), 25 * 4096);
      await expectFailure(/^\S+ cannot be copied to \S+: it is damaged: its data\.mdb is cut short.*\n$/);
    });

    it('where the source is no store', async () => {
      writeFileSync(join(data, 'data.mdb'), 'text');
      await expectFailure(
        /^\S+ cannot be copied to \S+: it is damaged: its data\.mdb is not a data file.*\n$/,
      );
    });

    it('where reading the copy shows that pages are damaged', async () => {
      damageValues(join(data, 'data.mdb'), 'xxxxxxxx');
      await expectFailure(/^\S+ cannot be copied to \S+: it is damaged: reading its tables .* SIG\w+\n$/);
    });

    it('where store.json is of another store', async () => {
      writeFileSync(join(data, 'store.json'), '{"id":"another"}');
      await expectFailure(/^\S+ cannot be copied to \S+: it is damaged: .*of different stores\n$/);
    });

    it('where the target cannot be created', async () => {
      writeFileSync(join(folder, 'file'), '');
      const run = copy(data, join(folder, 'file', 'copy'));
      await expectFailure(/^\S+ cannot be copied to \S+: ENOTDIR.*\n$/, run);
    });

    it('where lock.mdb is missing while a server runs, since the server would overwrite what is copied', async () => {
      await startService({}, folder);
      rmSync(join(data, 'lock.mdb'));
      await expectFailure(
        /^\S+lock\.mdb is missing while a server uses the folder: restart the server first\n$/,
      );
    });

    it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('where %s ends it', async (signal) => {
      const { child, run } = startCopy(data, join(folder, 'copy'));
      await until('it copies', () => (existsSync(join(folder, 'copy', 'incomplete')) ? true : undefined));
      child.kill(signal);
      await expectFailure(new RegExp(`^${signal}: nothing was copied\\n$`), run);
    });
  });

  it('what SIGKILL leaves of a copy does not look like one', async () => {
    const folder = temporaryFolder();
    const data = await storeSessions(folder, 2);
    const { child, run } = startCopy(data, join(folder, 'copy'));
    await until('it copies', () => (existsSync(join(folder, 'copy', 'incomplete')) ? true : undefined));
    child.kill('SIGKILL');
    await expect(run).rejects.toMatchObject({ signal: 'SIGKILL' });
    expect(readdirSync(join(folder, 'copy'))).toEqual(['incomplete']);
    const environment = { GRPC_PORT: '0', HTTP_PORT: '', DATA_DIR: join(folder, 'copy') };
    const { code, stderr } = await runService({ environment, folder });
    expect(stderr).toMatch(/^DATA_DIR \S+ cannot be used: it has only an incomplete copy of a store;/);
    expect(code).toBe(1);
  });
});
