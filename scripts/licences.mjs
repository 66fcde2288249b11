// Writes THIRD_PARTY_LICENCES.md: what the service is shipped with, and under which licence. With --check, fails where
// the file is not current, or where a licence is none of those that may be shipped without asking.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'prettier';

const root = join(import.meta.dirname, '..');
const FILE = join(root, 'THIRD_PARTY_LICENCES.md');

/** Licences that ask for no more than their own text. */
const ALLOWED = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
]);

const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));

/** Of each package that is no development dependency; the lock file has it for those of other platforms too. */
const shipped = Object.entries(packages)
  .filter(([path, { dev }]) => path !== '' && dev !== true)
  .map(([path, { version, license = 'unknown' }]) => ({
    name: path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
    version,
    license,
  }));

const rows = [
  ...new Set(shipped.map(({ name, version, license }) => `| ${name} | ${version} | ${license} |`)),
].sort();
const text = await format(
  [
    '# Licences of what is shipped',
    '',
    'Every package that a production install has, on whichever platform. Written by `npm run licences`.',
    '',
    '| package | version | licence |',
    '| --- | --- | --- |',
    ...rows,
    '',
  ].join('\n'),
  { parser: 'markdown' },
);

/** `(MIT OR Apache-2.0)` is allowed where one of them is. */
const isAllowed = (license) =>
  license
    .replace(/[()]/g, '')
    .split(' OR ')
    .some((one) => one.split(' AND ').every((part) => ALLOWED.has(part)));

const refused = shipped.filter(({ license }) => !isAllowed(license));
for (const { name, version, license } of refused) {
  process.stderr.write(
    `${name} ${version} has the licence ${license}, which is none of ${[...ALLOWED].join(', ')}\n`,
  );
}
if (process.argv.includes('--check')) {
  if (readFileSync(FILE, 'utf8') !== text) {
    process.stderr.write('THIRD_PARTY_LICENCES.md is not current: run npm run licences\n');
    process.exitCode = 1;
  }
} else {
  writeFileSync(FILE, text);
}
if (refused.length > 0) process.exitCode = 1;
