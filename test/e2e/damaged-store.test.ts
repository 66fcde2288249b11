import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failureOf } from '../support/call-error';
import { connect, disconnect } from '../support/connect';
import { damageValues } from '../support/damaged-pages';
import {
  endServices,
  type Exit,
  runService,
  startService,
  temporaryFolder,
} from '../support/service-process';
import { storeSessions } from '../support/stored-sessions';

const PAGE = 4096;

/** Offsets in a meta page. */
const MAGIC = 24;
const VERSION = 28;
const PAGE_BYTES = 48;
const MAIN_ROOT = 136;
const LAST_PAGE = 144;
const TRANSACTION = 152;

/** The name of a table. */
const EVENT_IDS = 'event_ids';

/** Has a store that each test gets a copy of. */
let whole: string;
let folder: string;
let data: string;

describe('The files of the embedded store', () => {
  beforeAll(async () => {
    whole = mkdtempSync(join(tmpdir(), 'conversation-test-'));
    await storeSessions(whole);
  });

  beforeEach(() => {
    folder = temporaryFolder();
    data = join(folder, 'data');
    cpSync(join(whole, 'data'), data, { recursive: true });
  });

  afterEach(async () => {
    disconnect();
    await endServices();
  });

  afterAll(() => rmSync(whole, { recursive: true }));

  function start(): Promise<Exit> {
    return runService({ environment: { GRPC_PORT: '0', HTTP_PORT: '', LOG_LEVEL: 'warn' }, folder });
  }

  /** Changes the bytes of data.mdb. */
  function change(work: (bytes: Buffer) => Buffer | undefined): void {
    const file = join(data, 'data.mdb');
    const bytes = readFileSync(file);
    writeFileSync(file, work(bytes) ?? bytes);
  }

  /** Changes both meta pages. */
  function changeMeta(work: (bytes: Buffer, meta: number) => void): void {
    change((bytes) => {
      for (const meta of [0, PAGE]) work(bytes, meta);
      return bytes;
    });
  }

  const DAMAGES: Readonly<Record<string, readonly [() => void, RegExp]>> = {
    'data.mdb is missing': [() => rmSync(join(data, 'data.mdb')), /its data\.mdb is missing/],
    'data.mdb and lock.mdb are missing': [
      () => ['data.mdb', 'lock.mdb'].forEach((file) => rmSync(join(data, file))),
      /its data\.mdb is missing/,
    ],
    'data.mdb is empty': [() => truncateSync(join(data, 'data.mdb')), /its data\.mdb is empty/],
    'data.mdb is empty, and only lock.mdb shows that it was not': [
      () => {
        truncateSync(join(data, 'data.mdb'));
        rmSync(join(data, 'store.json'));
      },
      /its data\.mdb is empty/,
    ],
    'half of data.mdb is missing': [
      () => change((bytes) => bytes.subarray(0, bytes.length / 2)),
      /is cut short: it has \d+ of \d+ bytes/,
    ],
    'the last page in use is missing': [
      () =>
        change((bytes) => {
          const last = Math.max(...[0, PAGE].map((meta) => Number(bytes.readBigUInt64LE(meta + LAST_PAGE))));
          return bytes.subarray(0, last * PAGE);
        }),
      /is cut short/,
    ],
    'only the meta pages are left': [() => change((bytes) => bytes.subarray(0, 2 * PAGE)), /is cut short/],
    'a part of the first page is left': [() => change((bytes) => bytes.subarray(0, 100)), /is cut short/],
    'data.mdb has zeros': [() => change((bytes) => bytes.fill(0)), /is not a data file of this service/],
    'the second meta page has zeros': [
      () => change((bytes) => bytes.fill(0, PAGE, 2 * PAGE)),
      /has a damaged meta page/,
    ],
    'data.mdb is of another LMDB': [
      () => changeMeta((bytes, meta) => bytes.writeUInt32LE(9, meta + VERSION)),
      /has LMDB's format 9, not 2/,
    ],
    'data.mdb has another magic number': [
      () => changeMeta((bytes, meta) => bytes.writeUInt32LE(9, meta + MAGIC)),
      /is not a data file of this service/,
    ],
    'the page size is damaged': [
      () => changeMeta((bytes, meta) => bytes.writeUInt32LE(4097, meta + PAGE_BYTES)),
      /has pages of 4097 bytes/,
    ],
    'a root page is damaged': [
      () => changeMeta((bytes, meta) => bytes.writeBigUInt64LE(1_000_000n, meta + MAIN_ROOT)),
      /has a damaged meta page/,
    ],
    'the number of the last transaction is damaged': [
      () =>
        change((bytes) => {
          const at = PAGE + TRANSACTION + 1;
          bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
          return bytes;
        }),
      /has a damaged meta page/,
    ],
    'the name of a table is damaged': [
      () =>
        change((bytes) => {
          for (let at = bytes.indexOf(EVENT_IDS); at >= 0; at = bytes.indexOf(EVENT_IDS, at + 1))
            bytes.write('X', at);
          return bytes;
        }),
      /has no table event_ids/,
    ],
    'store.json is damaged': [
      () => writeFileSync(join(data, 'store.json'), '{"format'),
      /its store\.json cannot be read/,
    ],
    'store.json is of another store': [
      () => writeFileSync(join(data, 'store.json'), '{"format":2,"id":"another"}'),
      /its data\.mdb and store\.json are of different stores/,
    ],
  };

  it.each(Object.entries(DAMAGES))(
    'the server does not start where %s, and changes nothing',
    async (_, [damage, message]) => {
      damage();
      const before = readdirSync(data);
      const { code, signal, stdout, stderr } = await start();
      expect({ code, signal, stdout }).toEqual({ code: 1, signal: null, stdout: '' });
      const line = `^DATA_DIR /\\S+/data cannot be used: .*${message.source}.*; restore the whole folder from a backup`;
      expect(stderr).toMatch(new RegExp(`${line}[^\\n]*\\n$`));
      expect(readdirSync(data)).toEqual(before);
    },
  );

  it('data.mdb of another store does not start beside this one’s store.json', async () => {
    const other = temporaryFolder();
    cpSync(join(await storeSessions(other, 1), 'data.mdb'), join(data, 'data.mdb'));
    expect((await start()).stderr).toContain('its data.mdb and store.json are of different stores');
  });

  it('a missing store.json is written again', async () => {
    const content = readFileSync(join(data, 'store.json'), 'utf8');
    rmSync(join(data, 'store.json'));
    await startService({}, folder);
    expect(readFileSync(join(data, 'store.json'), 'utf8')).toBe(content);
  });

  it('an empty data.mdb without another trace of a store is a first start', async () => {
    for (const file of readdirSync(data)) rmSync(join(data, file));
    writeFileSync(join(data, 'data.mdb'), '');
    const { port } = await startService({}, folder);
    expect((await connect(port).createSession({ sessionId: 'call-0' })).created).toBe(true);
  });

  it('after damaged inner pages ended the process, the next start says so first, and --check-store finds them', async () => {
    damageValues(join(data, 'data.mdb'), 'xxxxxxxx');
    const crashing = await startService({}, folder);
    await failureOf(connect(crashing.port).getSession({ sessionId: 'call-0' }));
    expect((await crashing.service.exit).signal).toMatch(/^SIG(BUS|SEGV|ABRT)$/);

    const check = await runService({ options: ['--check-store'], folder });
    expect(check).toMatchObject({ code: 1, signal: null, stdout: '' });
    expect(check.stderr).toMatch(
      /^DATA_DIR \/\S+\/data cannot be used: reading its tables ended a process by SIG\w+; restore [^\n]*\n$/,
    );
    const { service } = await startService({}, folder);
    expect(service.log[0]?.msg).toMatch(
      /^the previous process ended without closing .* npm run check-store$/,
    );
  });

  describe('the note about the previous process', () => {
    const notes = (log: Record<string, unknown>[]): unknown[] =>
      log.filter(({ msg }) => String(msg).startsWith('the previous process ended'));

    it('is the first line after SIGKILL, and is gone after the next stop', async () => {
      const killed = await startService({}, folder);
      expect(notes(killed.service.log)).toEqual([]);
      killed.service.signal('SIGKILL');
      await killed.service.exit;

      const second = await startService({}, folder);
      expect(notes(second.service.log.slice(0, 1))).toHaveLength(1);
      second.service.signal('SIGTERM');
      await second.service.exit;

      const third = await startService({}, folder);
      expect(notes(third.service.log)).toEqual([]);
    });

    it('stays after a start that fails, until the store was closed', async () => {
      writeFileSync(join(data, 'lock'), '1\n');
      rmSync(join(data, 'store.json'));
      writeFileSync(join(data, 'store.json'), '{}');
      expect((await start()).stderr).toContain('different stores');
      expect(existsSync(join(data, 'lock'))).toBe(true);
    });
  });
});
