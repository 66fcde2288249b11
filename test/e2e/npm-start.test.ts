import { spawn } from 'node:child_process';
import { packageRoot } from '../../src/package-root';
import { endServices, startService, temporaryFolder } from '../support/service-process';
import { until } from '../support/until';

describe('npm start', () => {
  afterEach(endServices);

  // Not `npm start`: it would rebuild, and replace the file that other tests run.
  it('the service shuts down when npm gets SIGTERM', async () => {
    const folder = temporaryFolder();
    const npm = spawn('npm', ['run', '--silent', 'start:prod'], {
      cwd: packageRoot(),
      env: { PATH: process.env.PATH, DATA_DIR: folder, GRPC_PORT: '0', HTTP_PORT: '0' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    npm.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    npm.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    // The pipes close when every process that writes to them has ended, including the service.
    const closed = new Promise((resolve) => npm.once('close', resolve));
    await until('the service listens', () => /"listening for gRPC/.exec(stdout) ?? undefined);
    npm.kill('SIGTERM');
    await closed;

    expect(stdout).toMatch(/shutting down"\}$/m);
    expect(stderr).toBe('');
    const { service } = await startService({ DATA_DIR: folder });
    service.signal('SIGTERM');
    expect((await service.exit).code).toBe(0);
  });
});
