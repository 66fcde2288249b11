import { execFile } from 'node:child_process';
import { delimiter } from 'node:path';
import { promisify } from 'node:util';
import { docsCommands } from '../support/docs-commands';
import { goToolsPath } from '../support/go-tools';
import { HttpClient } from '../support/http-client';
import { endServices, startService } from '../support/service-process';
import { until } from '../support/until';

const run = promisify(execFile);

const COMMANDS = docsCommands('quickstart');

let toolsPath: string;
let port: number;
let url: string;

describe('README.md', () => {
  beforeAll(async () => {
    toolsPath = await goToolsPath();
    ({ port, url } = await startService());
    const http = new HttpClient(url);
    await until('the service is ready', async () => (await http.get('/readyz')).status === 200 || undefined);
  }, 600_000);

  afterAll(endServices);

  /** Pastes all commands, in order. @returns what each prints */
  async function paste(): Promise<unknown[]> {
    const env = { ...process.env, PATH: `${toolsPath}${delimiter}${process.env.PATH ?? ''}` };
    const outputs: unknown[] = [];
    for (const { command } of COMMANDS) {
      const here = command
        .replaceAll('127.0.0.1:50051', `127.0.0.1:${port}`)
        .replaceAll('http://127.0.0.1:3000', url);
      const { stdout, stderr } = await run('sh', ['-c', here], { env, timeout: 20_000 });
      expect(stderr).toBe('');
      outputs.push(JSON.parse(stdout));
    }
    return outputs;
  }

  /** Replaces what differs from run to run: times and row IDs. */
  const comparable = (output: unknown): unknown =>
    JSON.parse(
      JSON.stringify(output)
        .replace(/"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"/g, '"<time>"')
        .replace(/"[0-9a-f]{24}"/g, '"<row ID>"'),
    );

  /** Without the flag that only the first call for a session has. */
  const withoutCreated = (output: unknown): object =>
    JSON.parse(JSON.stringify(output), (key, value: unknown) =>
      key === 'created' ? undefined : value,
    ) as object;

  test('the quick start can be pasted twice', async () => {
    expect(COMMANDS.length).toBeGreaterThan(0);
    for (const { reply } of COMMANDS) expect(reply).toMatchObject({ form: 'json' });

    const first = await paste();
    expect(first.map(comparable)).toEqual(
      COMMANDS.map(({ reply }) => comparable(JSON.parse(reply?.text ?? ''))),
    );

    const second = await paste();
    expect(second).toMatchObject(first.map(withoutCreated));
    expect(second[0]).not.toHaveProperty('created');
    expect(second[1]).toHaveProperty('duplicate', true);
  });
});
