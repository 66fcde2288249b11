import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { packageRoot } from '../../src/package-root';
import { headingAnchors, linkTargets } from '../support/markdown';

const ROOT = packageRoot();

const DOCUMENTS = execFileSync('git', ['ls-files', '-z', '--', '*.md'], { cwd: ROOT, encoding: 'utf8' })
  .split('\0')
  .filter((path) => path !== '');

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** What is wrong with a link of a document; undefined: nothing. Links to other sites are not checked. */
function faultOf(document: string, target: string): string | undefined {
  if (/^[a-z][a-z\d+.-]*:/i.test(target)) return undefined;
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? document : join(dirname(document), decodeURIComponent(path));
  if (relative(ROOT, join(ROOT, file)).startsWith('..')) return `${target} leads out of the repository`;
  if (!existsSync(join(ROOT, file))) return `${target}: ${file} does not exist`;
  if (anchor === undefined || !file.endsWith('.md')) return undefined;
  return headingAnchors(read(file)).has(anchor) ? undefined : `${target}: ${file} has no such heading`;
}

test.each(DOCUMENTS)('the links of %s lead to existing files and headings', (document) => {
  const faults = linkTargets(read(document)).flatMap((target) => faultOf(document, target) ?? []);
  expect(faults).toEqual([]);
});

test('the README has links', () => {
  expect(DOCUMENTS).toContain('README.md');
  expect(linkTargets(read('README.md')).length).toBeGreaterThan(20);
});

test('links are found inline, as definitions and as images, but not in code', () => {
  const markdown = [
    'A [page](docs/a.md#part), `[code](no.md)`, ![image](b.png "Title"), [`code`](c.md) and [ref][d].',
    '```md\n[in a fence](no.md)\n```',
    '- a list\n\n  ```sh\n  [in a list](no.md)\n  ```',
    '[d]: <e.md>',
  ].join('\n\n');
  expect(linkTargets(markdown)).toEqual(['docs/a.md#part', 'b.png', 'c.md', 'e.md']);
});

test('headings get the anchors of GitHub', () => {
  const markdown = [
    '# Where the `time` goes',
    '## Errors, deadlines, shutdown',
    '## A [link](a.md) & `MAX_AGE`',
    '## Überlast: 5 % – really?',
    '## Errors, deadlines, shutdown',
    '```sh\n# a comment\n```',
  ].join('\n\n');
  expect([...headingAnchors(markdown)]).toEqual([
    'where-the-time-goes',
    'errors-deadlines-shutdown',
    'a-link--max_age',
    'überlast-5---really',
    'errors-deadlines-shutdown-1',
  ]);
});
