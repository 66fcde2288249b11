import {
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { credentials } from '@grpc/grpc-js';
import {
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus as ServingStatus,
  HealthClient,
} from '../../generated/grpc/health/v1/health';
import { CallError } from '../support/call-error';
import { connect, disconnect } from '../support/connect';
import {
  endServices,
  type Exit,
  type ServiceProcess,
  startService,
  temporaryFolder,
} from '../support/service-process';
import { until } from '../support/until';

const SESSION = 'call-1';

/** No write may be acknowledged, and no read answered, later than this after the file was lost. */
const LIMIT_MS = 1000;

describe('An embedded store that loses its file', () => {
  afterEach(async () => {
    disconnect();
    await endServices();
  });

  /** A server on `data`, a link to `store`, and a copy of the store's files. */
  async function start(): Promise<{ service: ServiceProcess; port: number; folder: string }> {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'store'));
    symlinkSync(join(folder, 'store'), join(folder, 'data'));
    const { service, port } = await startService({}, folder);
    const client = connect(port);
    await client.createSession({ sessionId: SESSION });
    await client.addEvent({ sessionId: SESSION, eventId: 'first' });
    cpSync(join(folder, 'store'), join(folder, 'copy'), { recursive: true });
    for (let index = 0; index < 20; index += 1)
      await client.addEvent({ sessionId: SESSION, eventId: `second-${index}` });
    return { service, port, folder };
  }

  const LOSSES: Readonly<Record<string, (folder: string) => void>> = {
    'the file is deleted': (folder) => unlinkSync(join(folder, 'store', 'data.mdb')),
    'the file is renamed': (folder) =>
      renameSync(join(folder, 'store', 'data.mdb'), join(folder, 'store', 'old.mdb')),
    'the folder is deleted': (folder) => rmSync(join(folder, 'store'), { recursive: true }),
    'the folder is renamed': (folder) => renameSync(join(folder, 'store'), join(folder, 'old')),
    'another folder takes its place': (folder) => {
      renameSync(join(folder, 'store'), join(folder, 'old'));
      renameSync(join(folder, 'copy'), join(folder, 'store'));
    },
    'another file takes its place': (folder) =>
      renameSync(join(folder, 'copy', 'data.mdb'), join(folder, 'store', 'data.mdb')),
    'the link leads elsewhere': (folder) => {
      unlinkSync(join(folder, 'data'));
      symlinkSync(join(folder, 'copy'), join(folder, 'data'));
    },
  };

  /** Losses that leave the file where it is. Under load they may end the process by a signal, since LMDB has mapped the file. */
  const OVERWRITES: Readonly<Record<string, (folder: string) => void>> = {
    'the file is emptied': (folder) => truncateSync(join(folder, 'store', 'data.mdb')),
    'the file is cut short': (folder) => truncateSync(join(folder, 'store', 'data.mdb'), 8192),
    'an older copy is written over it': (folder) =>
      writeFileSync(join(folder, 'store', 'data.mdb'), readFileSync(join(folder, 'copy', 'data.mdb'))),
    'a store with later transactions is written over it': (folder) => {
      const bytes = readFileSync(join(folder, 'copy', 'data.mdb'));
      // Both meta pages.
      for (const transaction of [152, 4096 + 152])
        bytes.writeBigUInt64LE(bytes.readBigUInt64LE(transaction) + 1000n, transaction);
      writeFileSync(join(folder, 'store', 'data.mdb'), bytes);
    },
  };

  /** Watches the server's health. Returns the statuses that it reported, in order. */
  async function watchHealth(port: number): Promise<ServingStatus[]> {
    const statuses: ServingStatus[] = [];
    const client = new HealthClient(`127.0.0.1:${port}`, credentials.createInsecure());
    const watch = client.watch({ service: '' });
    watch.on('data', ({ status }: HealthCheckResponse) => statuses.push(status));
    watch.on('error', () => client.close());
    await until('the server serves', () => (statuses.includes(ServingStatus.SERVING) ? true : undefined));
    return statuses;
  }

  function expectOneLine({ log, exit }: { log: Record<string, unknown>[]; exit: Exit }): void {
    expect({ code: exit.code, signal: exit.signal }).toEqual({ code: 1, signal: null });
    expect(exit.stderr).toBe('');
    const lines = log.filter(({ level }) => Number(level) >= 40).map(({ msg }) => msg);
    expect(lines).toEqual([
      expect.stringMatching(
        /^\/\S+\/data\/data\.mdb is no longer the file that this process writes to \(.+\): .* restart$/,
      ),
    ]);
  }

  it.each(Object.entries({ ...LOSSES, ...OVERWRITES }))(
    'an idle server reports that it is not serving, and exits: %s',
    async (_, lose) => {
      const { service, port, folder } = await start();
      const statuses = await watchHealth(port);
      lose(folder);
      const exit = await service.exit;
      expectOneLine({ log: service.log, exit });
      expect(statuses.at(-1)).toBe(ServingStatus.NOT_SERVING);
    },
  );

  it.each(Object.entries(LOSSES))(
    'under load, nothing is answered more than a second after: %s',
    async (_, lose) => {
      const { service, port, folder } = await start();
      const client = connect(port);
      const answeredAt: number[] = [];
      const failures = new Set<unknown>();
      let ended = false;
      const send = async (call: (index: number) => Promise<unknown>): Promise<void> => {
        for (let index = 0; !ended; index += 1) {
          try {
            await call(index);
            answeredAt.push(performance.now());
          } catch (error) {
            if (!(error instanceof CallError)) throw error;
            failures.add(error.info?.reason ?? 'no connection');
            await wait(1);
          }
        }
      };
      const sending = Promise.all([
        ...['a', 'b', 'c'].map((name) =>
          send((index) => client.addEvent({ sessionId: SESSION, eventId: `${name}-${index}` })),
        ),
        send(() => client.getSession({ sessionId: SESSION, limit: 1 })),
      ]);
      await until('some calls are answered', () => (answeredAt.length > 20 ? true : undefined));
      const lostAt = performance.now();
      lose(folder);
      const exit = await service.exit;
      ended = true;
      await sending;

      expect(Math.max(...answeredAt) - lostAt).toBeLessThan(LIMIT_MS);
      const allowed = ['STORE_UNAVAILABLE', 'SHUTTING_DOWN', 'no connection'];
      expect([...failures].filter((reason) => !allowed.includes(String(reason)))).toEqual([]);
      expectOneLine({ log: service.log, exit });
      expect(failures.size).toBeGreaterThan(0);
    },
  );

  it('a server that was stopped while its file was lost acknowledges nothing when it goes on', async () => {
    const { service, port, folder } = await start();
    service.signal('SIGSTOP');
    const adding = connect(port).addEvent({ sessionId: SESSION, eventId: 'late' });
    renameSync(join(folder, 'store'), join(folder, 'old'));
    await wait(LIMIT_MS);
    service.signal('SIGCONT');
    await expect(adding).rejects.toThrow(CallError);
    const exit = await service.exit;
    expectOneLine({ log: service.log, exit });
  });
});
