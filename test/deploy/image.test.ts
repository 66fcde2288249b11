import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../src/package-root';
import { type BuiltImage, buildImage } from '../support/built-image';
import { pairsOf, readDockerfile } from '../support/dockerfile';
import { hadolint } from '../support/python-tools';
import { until } from '../support/until';

const run = promisify(execFile);
const root = packageRoot();
const stages = readDockerfile(readFileSync(join(root, 'Dockerfile'), 'utf8'));

/** The build context: the files under version control that .dockerignore does not exclude. */
async function contextFolder(): Promise<string> {
  const { stdout } = await run('git', ['ls-files'], { cwd: root, maxBuffer: 1e7 });
  const kept = readFileSync(join(root, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  const folder = mkdtempSync(join(tmpdir(), 'image-context-'));
  for (const file of stdout.split('\n')) {
    if (kept.some((path) => file === path || file.startsWith(`${path}/`)))
      cpSync(join(root, file), join(folder, file), { recursive: true });
  }
  return folder;
}

function eachFile(folder: string, visit: (path: string) => void): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) eachFile(path, visit);
    if (!entry.isSymbolicLink()) visit(path);
  }
}

let image: BuiltImage;

beforeAll(async () => {
  const context = await contextFolder();
  image = await buildImage(stages, context);
  rmSync(context, { recursive: true });
}, 300_000);

afterAll(() => {
  for (const folder of image.folders) rmSync(folder, { recursive: true, force: true });
});

test('hadolint finds no problems in the Dockerfile', async () => {
  const { stdout } = await run(await hadolint(), [join(root, 'Dockerfile')]);
  expect(stdout).toBe('');
}, 120_000);

test('the image contains the files that the service needs, and no build tools', () => {
  expect(readdirSync(image.folder).sort()).toEqual([
    'data',
    'dist',
    'generated',
    'node_modules',
    'package.json',
  ]);
  const packages = readdirSync(join(image.folder, 'node_modules'));
  expect(packages).toContain('@lmdb');
  for (const name of ['typescript', 'jest', 'eslint', 'esbuild', 'prettier'])
    expect(packages).not.toContain(name);
});

test('the image runs as an unprivileged user, and exposes its ports', () => {
  expect(image.user.uid).toBeGreaterThan(999);
  const final = stages.at(-1)?.instructions ?? [];
  const environment = pairsOf(final.find(({ name }) => name === 'ENV')?.text ?? '');
  const exposed = final.find(({ name }) => name === 'EXPOSE')?.text.split(' ');
  expect(exposed).toEqual([environment.GRPC_PORT, environment.HTTP_PORT, environment.HEALTH_PORT]);
});

describe('a container', () => {
  let container: ChildProcess;
  let output = '';

  /** Runs a command in the image's folder and environment; as the image's user if the tests run as root. */
  function inContainer(command: readonly string[], extra: Record<string, string>): ChildProcess {
    const [program = '', ...rest] = command;
    const env = { ...image.environment, GRPC_PORT: '0', HTTP_PORT: '0', HEALTH_PORT: '50952', ...extra };
    const { uid, gid } = image.user;
    const asUser = process.getuid?.() === 0 ? { uid, gid } : {};
    expect(program).toBe('node');
    return spawn(image.node, rest, { cwd: image.folder, env, ...asUser });
  }

  async function outcome(child: ChildProcess): Promise<{ code: number | null; text: string }> {
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, text };
  }

  const checkHealth = () => outcome(inContainer(image.healthCheck, { ALLOW_INSECURE: 'true' }));

  beforeAll(() => {
    // The root file system is read-only, except for the volume.
    chmodSync(image.folder, 0o555);
    eachFile(image.folder, (path) => {
      if (!path.startsWith(join(image.folder, 'data'))) chmodSync(path, statSync(path).mode & 0o555);
    });
  });

  afterAll(async () => {
    container.kill('SIGKILL');
    if (container.exitCode === null && container.signalCode === null) await once(container, 'exit');
    eachFile(image.folder, (path) => chmodSync(path, 0o755));
    chmodSync(image.folder, 0o755);
  });

  test('refuses to start unprotected on all addresses', async () => {
    const { code, text } = await outcome(inContainer(image.command, {}));
    expect(code).toBe(1);
    expect(text).toContain('ALLOW_INSECURE');
  });

  test('is unhealthy before it starts', async () => {
    expect(await checkHealth()).toMatchObject({
      code: 1,
      text: expect.stringContaining('does not answer') as string,
    });
  });

  test('serves calls and is healthy', async () => {
    container = inContainer(image.command, { ALLOW_INSECURE: 'true' });
    container.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
    await until(
      'the container is healthy',
      async () => ((await checkHealth()).code === 0 ? true : undefined),
      20_000,
    );
    const port = /HTTP on 0\.0\.0\.0:(\d+)/.exec(output)?.[1] ?? '';
    const response = await fetch(`http://127.0.0.1:${port}/sessions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ sessionId: 'session-1', language: 'en' }),
    });
    expect(response.status).toBe(201);
    expect((await fetch(`http://127.0.0.1:${port}/docs`)).status).toBe(200);
    expect(readdirSync(join(image.folder, 'data'))).toContain('data.mdb');
  });

  test('exits with code 0 after SIGTERM', async () => {
    container.kill('SIGTERM');
    const [code] = (await once(container, 'exit')) as [number | null];
    expect(code).toBe(0);
    expect(await checkHealth()).toMatchObject({ code: 1 });
  });
});
