import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { connect, disconnect, readLog } from '../support/connect';
import { endServices, startService, temporaryFolder } from '../support/service-process';
import { until } from '../support/until';

const SCRIPT = resolve(__dirname, '..', '..', 'scripts', 'copy-data.mjs');
const SESSION = 'call-1';

describe('scripts/copy-data.mjs', () => {
  afterEach(async () => {
    disconnect();
    await endServices();
  });

  function copy(from: string, to: string): Promise<unknown> {
    return promisify(execFile)(process.execPath, [SCRIPT, from, to]);
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

  it('rejects a source without data, and a target folder that is not empty', async () => {
    const folder = temporaryFolder();
    await startService({ DATA_DIR: join(folder, 'data') }, folder);
    await expect(copy(join(folder, 'nothing'), join(folder, 'copy'))).rejects.toThrow(
      /contains no data\.mdb/,
    );
    expect(existsSync(join(folder, 'copy'))).toBe(false);
    await expect(copy(join(folder, 'data'), join(folder, 'data'))).rejects.toThrow(/is not empty/);
  });
});
