// Regenerates generated/ and fails if that changed it.
import { execSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const read = () =>
  readdirSync('generated', { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((file) => `${file}\n${readFileSync(file, 'base64')}`)
    .join('\n');

const before = read();
execSync('npm run --silent generate', { stdio: 'inherit' });
if (read() !== before) {
  process.stderr.write('generated/ was not up to date with proto/. It has been regenerated: commit it\n');
  process.exit(1);
}
