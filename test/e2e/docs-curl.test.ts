import { execFile } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { docsCommands, PastedSection } from '../support/docs-commands';
import { HttpClient } from '../support/http-client';
import { endServices, startService } from '../support/service-process';
import { until } from '../support/until';

const run = promisify(execFile);

let url: string;

describe('The curl commands of docs/api.md', () => {
  beforeAll(async () => {
    ({ url } = await startService());
    const http = new HttpClient(url);
    await until('it is ready', async () => ((await http.get('/readyz')).status === 200 ? true : undefined));
  });

  afterAll(endServices);

  /** What differs from run to run: times, and ids of rows. */
  const normalized = (text: string): unknown =>
    JSON.parse(
      text
        .replace(/"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"/g, '"<time>"')
        .replace(/"[0-9a-f]{24}"/g, '"<row id>"'),
    );

  describe.each(['once', 'a second time'])('pasted %s', () => {
    const section = new PastedSection('curl');
    // The session ID contains the current second.
    beforeAll(() => setTimeout(1000));

    test.each(section.commands.map(({ command, reply }) => [command, reply] as const))(
      '%s',
      async (command, reply) => {
        const env = { ...process.env, ...section.environment() };
        const script = command.replaceAll('http://127.0.0.1:3000', url);
        const { stdout, stderr } = await run('sh', ['-c', script], { env });
        expect(stderr).toBe('');
        expect(normalized(section.asShown(stdout))).toEqual(normalized(reply?.text ?? ''));
      },
    );
  });

  test('docs/api.md shows every route', () => {
    const commands = docsCommands('curl').map(({ command }) => command);
    for (const route of [
      '/sessions ',
      '/sessions/$SESSION/events',
      '/sessions/$SESSION?',
      '/complete',
      '/livez',
      '/readyz',
    ])
      expect(commands.filter((command) => command.includes(route)).length).toBeGreaterThan(0);
  });
});
