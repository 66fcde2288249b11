import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/package-root';

/** The oldest versions without known vulnerabilities. */
const FLOORS: Readonly<Record<string, string>> = {
  '@grpc/grpc-js': '1.14.4',
  mongoose: '9.9.2',
  protobufjs: '7.6.2',
};

const { packages } = JSON.parse(readFileSync(join(packageRoot(), 'package-lock.json'), 'utf8')) as {
  packages: Readonly<Record<string, { readonly version: string }>>;
};

/** Returns a negative number if version `a` is older than `b`. */
function compareVersions(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

test.each(Object.entries(FLOORS))('no installed copy of %s is older than %s', (name, floor) => {
  const copies = Object.entries(packages).filter(
    ([path]) => path === `node_modules/${name}` || path.endsWith(`/node_modules/${name}`),
  );
  expect(copies.length).toBeGreaterThan(0);
  expect(copies.filter(([, { version }]) => compareVersions(version, floor) < 0)).toEqual([]);
});
