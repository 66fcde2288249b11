/*
 * Copies the embedded store's folder, even while a server uses it:
 *
 *   node scripts/copy-data.mjs DATA_DIR COPY
 *
 * The copy is a consistent snapshot with everything acknowledged before it started. It can be
 * used as a DATA_DIR.
 */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { open } from 'lmdb';

const [from, to, ...more] = process.argv.slice(2);
if (from === undefined || to === undefined || more.length > 0) {
  fail('usage: node scripts/copy-data.mjs DATA_DIR COPY');
}
if (!existsSync(join(from, 'data.mdb')))
  fail(`${from} contains no data.mdb: specify the DATA_DIR of a server`);
mkdirSync(to, { recursive: true });
if (readdirSync(to).length > 0) fail(`${to} is not empty: specify a new folder`);
const store = open({ path: from, noSubdir: false, readOnly: true, maxDbs: 8 });
await store.backup(to, false);
await store.close();

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
