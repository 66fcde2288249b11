// Fails where generated/ is not what the protos generate. Leaves it generated anew.
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
  process.stderr.write('generated/ was not current with proto/: it is now; commit it\n');
  process.exit(1);
}
