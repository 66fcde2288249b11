import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BUILT_SERVICE } from './built-service';
import { memoryMiB } from './process-memory';
import { until } from './until';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** How long the process ran, in milliseconds. */
  readonly ms: number;
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly options?: readonly string[];
  /** The working folder. */
  readonly folder: string;
}

/** The built service in its own process, which does not inherit the environment of the tests. */
export class ServiceProcess {
  readonly exit: Promise<Exit>;
  private readonly child: ChildProcess;
  private stdout = '';
  private stderr = '';
  private ended: Exit | undefined;

  constructor({ environment = {}, options = [], folder }: RunOptions) {
    const startedAt = performance.now();
    const child = spawn(process.execPath, ['--enable-source-maps', BUILT_SERVICE, ...options], {
      cwd: folder,
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.exit = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        const { stdout, stderr } = this;
        this.ended = { code, signal, stdout, stderr, ms: performance.now() - startedAt };
        running.delete(this);
        resolve(this.ended);
      });
    });
    running.add(this);
  }

  /** The log so far: one JSON object per line. */
  get log(): Record<string, unknown>[] {
    const whole = this.stdout.slice(0, this.stdout.lastIndexOf('\n') + 1);
    return whole
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Resolves to the gRPC port once the service listens. */
  async listening(): Promise<number> {
    return until('the service listens', () => {
      if (this.ended !== undefined) throw new Error(`the service ended: ${JSON.stringify(this.ended)}`);
      const port = this.log.find(({ msg }) => String(msg).startsWith('listening'))?.grpcPort;
      return typeof port === 'number' ? port : undefined;
    });
  }

  /** The base URL of the HTTP API; valid once the service listens. */
  get url(): string {
    const line = this.log.find(({ msg }) => String(msg).startsWith('listening'));
    return `http://127.0.0.1:${String(line?.httpPort)}`;
  }

  /** Memory in MiB: current (`VmRSS`) or peak (`VmHWM`). */
  memory(figure: 'VmRSS' | 'VmHWM'): number {
    const { pid } = this.child;
    const mib = pid === undefined ? undefined : memoryMiB(pid, figure);
    if (mib === undefined) throw new Error('the system does not report the memory of the service');
    return mib;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }
}

const running = new Set<ServiceProcess>();
const folders: string[] = [];

/** A new folder, which `endServices` removes. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'conversation-test-'));
  folders.push(folder);
  return folder;
}

/** Starts a service on free ports, with its data in its working folder unless the environment sets another. */
export async function startService(
  environment: Readonly<Record<string, string>> = {},
  folder = temporaryFolder(),
): Promise<{ service: ServiceProcess; port: number; url: string }> {
  const service = new ServiceProcess({
    environment: { GRPC_PORT: '0', HTTP_PORT: '0', ...environment },
    folder,
  });
  const port = await service.listening();
  return { service, port, url: service.url };
}

/** Runs the service until it exits. */
export function runService(options: Omit<RunOptions, 'folder'> & { folder?: string }): Promise<Exit> {
  return new ServiceProcess({ folder: temporaryFolder(), ...options }).exit;
}

/** For `afterEach`: kills the processes and removes the folders of a test. */
export async function endServices(): Promise<void> {
  for (const service of running) service.signal('SIGKILL');
  await Promise.all([...running].map(({ exit }) => exit));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}
