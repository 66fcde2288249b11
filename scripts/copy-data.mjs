/*
 * Copies the embedded store's folder, whether or not a server has it open:
 *
 *   node scripts/copy-data.mjs DATA_DIR COPY
 *
 * The copy is the store as of one moment, with all that was acknowledged before. It is a
 * DATA_DIR of its own.
 */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { open } from 'lmdb';

const [from, to, ...more] = process.argv.slice(2);
if (from === undefined || to === undefined || more.length > 0) {
  fail('usage: node scripts/copy-data.mjs DATA_DIR COPY');
}
if (!existsSync(join(from, 'data.mdb'))) fail(`${from} has no data.mdb: give the DATA_DIR of a server`);
mkdirSync(to, { recursive: true });
if (readdirSync(to).length > 0) fail(`${to} is not empty: give a new folder`);
const store = open({ path: from, noSubdir: false, readOnly: true, maxDbs: 8 });
await store.backup(to, false);
await store.close();

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
