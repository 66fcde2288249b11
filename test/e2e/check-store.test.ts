import { open } from 'lmdb';
import { connect, disconnect } from '../support/connect';
import {
  endServices,
  type Exit,
  runService,
  startService,
  temporaryFolder,
} from '../support/service-process';
import { storeSessions } from '../support/stored-sessions';

describe('--check-store', () => {
  afterEach(async () => {
    disconnect();
    await endServices();
  });

  function check(folder: string, environment: Readonly<Record<string, string>> = {}): Promise<Exit> {
    return runService({ options: ['--check-store'], environment, folder });
  }

  it('counts what a whole store has, also after a crash', async () => {
    const folder = temporaryFolder();
    await storeSessions(folder, 3);
    const { service, port } = await startService({}, folder);
    await connect(port).createSession({ sessionId: 'empty' });
    await connect(port).deleteSession('call-0');
    service.signal('SIGKILL');
    await service.exit;
    const { code, stdout, stderr } = await check(folder);
    expect(stderr).toBe('');
    expect(stdout).toBe('DATA_DIR ./data is whole: 3 sessions and 400 events were read\n');
    expect(code).toBe(0);
  });

  it('names the rows that cannot be read, and what contradicts them', async () => {
    const folder = temporaryFolder();
    const data = await storeSessions(folder, 3);
    const root = open({ path: data, noSubdir: false, maxDbs: 8 });
    const table = (name: string) =>
      root.openDB<Buffer, Buffer>({ name, keyEncoding: 'binary', encoding: 'binary' });
    await table('sessions').put(Buffer.from('call-0'), Buffer.from('{"sessionId":'));
    await table('events').remove(Buffer.from('call-1\0\0\0\0\0\0\x07', 'latin1'));
    await table('event_ids').put(Buffer.from('call-2\0event-3'), Buffer.from([0, 0, 0, 0, 0, 9]));
    await root.close();
    const { code, stdout, stderr } = await check(folder);
    const lines = stderr.trimEnd().split('\n');
    expect(lines).toEqual([
      expect.stringMatching(/^session call-0: ./) as string,
      'session call-1: the row of session "call-1", sequence 7 in events cannot be read: it is missing',
      'session call-2: the row of session "call-2", event "event-3" in event_ids cannot be read: its checksum does not match',
      'events: the logs have 0 events, but the tables have 599 events and 600 event IDs',
      expect.stringMatching(/^list of sessions: ./) as string,
      expect.stringMatching(
        /^DATA_DIR \.\/data is damaged: .* restore the whole folder from a backup$/,
      ) as string,
    ]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  });

  it('refuses a store that a server uses, a folder without a store, and MongoDB', async () => {
    const folder = temporaryFolder();
    const empty = await check(folder);
    expect(empty.stderr).toMatch(/^DATA_DIR \/\S+ cannot be used: it has no store; [^\n]+\n$/);
    await startService({}, folder);
    const used = await check(folder);
    expect(used.stderr).toMatch(/^DATA_DIR \/\S+\/data is in use by another process of this service; stop/);
    const mongo = await check(folder, { MONGODB_URI: 'mongodb://127.0.0.1/conversation' });
    expect(mongo.stderr).toBe('MONGODB_URI is set: --check-store checks the embedded store in DATA_DIR\n');
    expect([empty, used, mongo].map(({ code }) => code)).toEqual([1, 1, 1]);
  });
});
