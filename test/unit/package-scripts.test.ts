import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/package-root';

const { scripts } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as {
  scripts: Readonly<Record<string, string>>;
};

/** Commands that Windows does not have, or that only POSIX shells have. */
const POSIX_COMMANDS = [
  'exec',
  'export',
  'source',
  '.',
  'set',
  'rm',
  'cp',
  'mv',
  'mkdir',
  'cat',
  'sh',
  'bash',
];

// npm uses cmd.exe on Windows, and Yarn has its own shell. Both support `&&` and quote with double quotes only.
test.each(Object.entries(scripts))('the script %s runs in every shell', (_, script) => {
  expect(script).not.toMatch(/[;'`$%^<>|*?~(){}\\]/);
  for (const command of script.split('&&')) {
    const [word = ''] = command.trim().split(/\s+/);
    expect(word).toMatch(/^[\w:.-]+$/);
    expect(POSIX_COMMANDS).not.toContain(word);
  }
});

test('start and start:prod run the same command', () => {
  expect(scripts['start']).toBe(scripts['start:prod']);
});
