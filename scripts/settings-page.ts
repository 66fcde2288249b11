// Writes the tables of docs/settings.md. With --check, fails instead if they are out of date.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'prettier';
import { shownDefault } from '../src/config/help';
import { type Setting, SETTING_GROUPS } from '../src/config/settings';

const FILE = join(__dirname, '..', 'docs', 'settings.md');
const TABLES = /(?<=<!-- settings:begin -->\n).*(?=<!-- settings:end -->)/s;

/** Names with an underscore: of settings and of error reasons. */
const NAMES = /\b[A-Z]+(?:_[A-Z]+)+\b/g;

function tableRow(setting: Setting<unknown>): string {
  const text = shownDefault(setting);
  const shown = setting.default === '' ? text : `\`${text}\``;
  const meaning = setting.description.replaceAll('|', '\\|').replace(NAMES, '`$&`');
  return `| \`${setting.name}\` | ${shown} | ${meaning} |`;
}

function tables(): string {
  return Object.entries(SETTING_GROUPS)
    .map(([heading, settings]) => {
      const rows = Object.values(settings).map(tableRow);
      return [
        '',
        `### ${heading}`,
        '',
        '| setting | default | meaning |',
        '| --- | --- | --- |',
        ...rows,
        '',
      ];
    })
    .flat()
    .join('\n');
}

async function main(): Promise<void> {
  const page = readFileSync(FILE, 'utf8');
  if (!TABLES.test(page)) throw new Error('docs/settings.md has no settings markers');
  const text = await format(
    page.replace(TABLES, () => `${tables()}\n`),
    { parser: 'markdown' },
  );
  if (!process.argv.includes('--check')) {
    writeFileSync(FILE, text);
  } else if (text !== page) {
    process.stderr.write('docs/settings.md is out of date: run npm run docs:settings\n');
    process.exitCode = 1;
  }
}

void main();
