import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { readConfig } from '../../src/config/read-config';
import { packageRoot } from '../../src/package-root';
import { endServices } from '../support/service-process';
import { settingNames } from '../support/setting-names';

interface Service {
  readonly environment: Readonly<Record<string, string>>;
  readonly healthcheck: { readonly test: readonly string[] };
  readonly depends_on: Readonly<Record<string, { readonly condition: string }>>;
  readonly ports: readonly string[];
  readonly read_only: boolean;
  readonly cap_drop: readonly string[];
  readonly stop_grace_period: string;
  readonly command: readonly string[];
}

const file = readFileSync(join(packageRoot(), 'deploy', 'compose.yaml'), 'utf8');
const { services } = parse(file, { merge: true }) as { services: Readonly<Record<string, Service>> };
const MEMBERS = ['mongo-1', 'mongo-2', 'mongo-3'];

afterAll(endServices);

test('the first member initiates a replica set of all three members', () => {
  expect(Object.keys(services).sort()).toEqual([...MEMBERS, 'sessions']);
  for (const member of MEMBERS) expect(services[member]?.command).toContain('rs0');
  const initiation = services['mongo-1']?.healthcheck.test.join(' ') ?? '';
  for (const member of MEMBERS) expect(initiation).toContain(`'${member}:27017'`);
  expect(initiation).toContain("_id: 'rs0'");
});

test('the service waits for the replica set, connects to it, and is reachable from this machine only', async () => {
  const { sessions } = services;
  expect(sessions?.depends_on).toEqual({ 'mongo-1': { condition: 'service_healthy' } });
  expect(sessions?.environment.MONGODB_URI).toBe(
    `mongodb://${MEMBERS.map((member) => `${member}:27017`).join(',')}/conversation?replicaSet=rs0`,
  );
  for (const port of sessions?.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
  const settings = await settingNames();
  expect(settings).toEqual(expect.arrayContaining(Object.keys(sessions?.environment ?? {})));
});

test('the service has few privileges, and enough time to shut down', () => {
  const { sessions } = services;
  expect(sessions).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
  expect(parseInt(sessions?.stop_grace_period ?? '', 10)).toBeGreaterThan(
    readConfig({}).shutdownGraceMs / 1000 + 1.5,
  );
});
