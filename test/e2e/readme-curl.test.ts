import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { HttpClient } from '../support/http-client';
import { readmeCommands } from '../support/readme-commands';
import { endServices, startService } from '../support/service-process';
import { until } from '../support/until';

const run = promisify(execFile);

let url: string;

beforeAll(async () => {
  ({ url } = await startService());
  const http = new HttpClient(url);
  await until('it is ready', async () => ((await http.get('/readyz')).status === 200 ? true : undefined));
});

afterAll(endServices);

/** Replaces the values that differ between runs: times and _ids. */
const normalized = (text: string): unknown =>
  JSON.parse(
    text
      .replace(/"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"/g, '"<time>"')
      .replace(/"[0-9a-f]{24}"/g, '"<row id>"'),
  );

test.each(readmeCommands('curl').map(({ command, reply }) => [command, reply] as const))(
  '%s',
  async (command, reply) => {
    const { stdout, stderr } = await run('sh', ['-c', command.replaceAll('http://127.0.0.1:3000', url)]);
    expect(stderr).toBe('');
    expect(normalized(stdout)).toEqual(normalized(reply?.text ?? ''));
  },
);

test('the README shows every route', () => {
  const commands = readmeCommands('curl').map(({ command }) => command);
  for (const route of [
    '/sessions ',
    '/sessions/session-2/events',
    '/sessions/session-2?',
    '/complete',
    '/livez',
    '/readyz',
  ])
    expect(commands.filter((command) => command.includes(route)).length).toBeGreaterThan(0);
});
