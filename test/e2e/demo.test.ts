import { execFile, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { endServices, temporaryFolder } from '../support/service-process';
import { until } from '../support/until';

const ROOT = resolve(__dirname, '..', '..');
const OWN_CALL = join(ROOT, 'demo', 'calls', 'moving-home.jsonl');

interface DemoRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe('The demo', () => {
  afterEach(endServices);

  function play(...options: string[]): Promise<DemoRun> {
    const tsx = join(ROOT, 'node_modules', '.bin', 'tsx');
    return new Promise((resolveRun) => {
      execFile(tsx, [join(ROOT, 'demo', 'main.ts'), ...options], (error, stdout, stderr) => {
        resolveRun({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
      });
    });
  }

  function playLines(...lines: unknown[]): Promise<DemoRun> {
    const file = join(temporaryFolder(), 'calls.jsonl');
    const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
    writeFileSync(file, `${text.join('\n')}\n`);
    return play(file);
  }

  const SESSION = { session: { sessionId: 'call-1', language: 'en-US', metadata: {} } };

  it('plays the built-in call: 30 to 60 events, two of them retried, one after the hang-up', async () => {
    const events = readFileSync(OWN_CALL, 'utf8').trim().split('\n').length - 1;
    expect(events).toBeGreaterThanOrEqual(30);
    expect(events).toBeLessThanOrEqual(60);
    const { code, stdout, stderr } = await play();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^ {2}sent +${events} events$`, 'm'));
    expect(stdout).toMatch(/^ {2}retried +key-07 twice, tool-28 twice: each stored once$/m);
    expect(stdout).toMatch(/^ {2}late +said-44: after the hang-up, also stored$/m);
    expect(stdout).toMatch(new RegExp(`^ {2}read back +${events} events in 3 pages of at most 20$`, 'm'));
    expect(stdout).toMatch(/^OK: 1 call with \d+ events in total: .*\n$/m);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(stdout).not.toMatch(/\p{Cc}(?<!\n)/u);
  });

  it('prints text without its control characters', async () => {
    const { code, stdout } = await playLines(SESSION, {
      eventId: 'event-1',
      type: 'user_speech',
      payload: { text: '\u001b[2J你好\n🎉', speaker: 'caller\u0007' },
    });
    expect(code).toBe(0);
    expect(stdout).toContain('[2J你好 🎉');
    expect(stdout).not.toMatch(/\p{Cc}(?<!\n)/u);
  });

  it('reports on one line what the service rejects, and its line in the file', async () => {
    const session = { ...SESSION.session, language: 'no tag' };
    const { code, stderr } = await playLines({ session }, { eventId: 'event-1', type: 'dtmf' });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^demo: .*calls\.jsonl, line 1: rejected by the service: 3 INVALID_ARGUMENT: .*language must be .*\n$/,
    );
  });

  it('reports a file that cannot be read on one line', async () => {
    const { code, stdout, stderr } = await play('no-such-file.jsonl');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^demo: cannot read no-such-file\.jsonl: ENOENT: .*\n$/);
  });

  it('--watch shows a running call from a second terminal: each event once, in order, and the end', async () => {
    const file = join(temporaryFolder(), 'calls.jsonl');
    const texts = Array.from({ length: 8 }, (_, index) => `words number ${index + 1}`);
    const events = texts.map((text, index) => ({
      eventId: `event-${index}`,
      type: 'user_speech',
      payload: { speaker: 'caller', text },
    }));
    writeFileSync(file, [SESSION, ...events].map((line) => JSON.stringify(line)).join('\n'));
    const tsx = join(ROOT, 'node_modules', '.bin', 'tsx');
    const live = spawn(tsx, [join(ROOT, 'demo', 'main.ts'), '--live', file]);
    let output = '';
    live.stdout.on('data', (text: Buffer) => (output += text.toString()));
    const ended = new Promise((resolve) => live.once('exit', resolve));
    const port = await until(
      'the --watch command is printed',
      () => /--watch (\d+)/.exec(output)?.[1],
      20_000,
    );
    const { code, stdout, stderr } = await play('--watch', port);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect([...stdout.matchAll(/words number \d+/g)].map(([text]) => text)).toEqual(texts);
    expect(stdout).toMatch(/── call-1 ─+\n[^]*── session completed: hang-up ─+\n$/);
    expect(await ended).toBe(0);
  }, 60_000);

  it('--watch reports on one line a missing port, and a port that does not answer', async () => {
    expect((await play('--watch')).stderr).toMatch(/^demo: specify the port of the service: .*\n$/);
    const { code, stderr } = await play('--watch', '1');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^demo: 14 UNAVAILABLE: .*\n$/);
  }, 60_000);
});
