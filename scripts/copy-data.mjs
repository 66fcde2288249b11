/*
 * Copies the embedded store's folder, even while a server uses it:
 *
 *   node scripts/copy-data.mjs DATA_DIR COPY
 *
 * The copy is a consistent snapshot with everything acknowledged before it started. It can be
 * used as a DATA_DIR. Build the service first; its option --copy-data does the same.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const service = join(import.meta.dirname, '..', 'dist', 'main.js');
if (!existsSync(service)) {
  process.stderr.write('build the service first: npm run build\n');
  process.exit(1);
}
process.argv.splice(1, 1, service, '--copy-data');
await import(pathToFileURL(service));
