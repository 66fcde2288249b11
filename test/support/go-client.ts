import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { runGo } from './go-tools';
import { until } from './until';

const ROOT = resolve(__dirname, '..', '..');

/** A line that the program prints. */
interface Progress {
  readonly answered: number;
  readonly failures: readonly string[];
  readonly ended: boolean;
}

/** Builds test/clients/go into the folder, and returns the program's path. Go caches earlier builds. */
export async function buildGoClient(folder: string): Promise<string> {
  const program = join(folder, 'go-client');
  const sources = join(ROOT, 'test', 'clients', 'go');
  await runGo(['build', '-o', program, '.'], { cwd: sources }, 'build test/clients/go');
  return program;
}

/** A running Go client with a policy as its service config. */
export class GoClient {
  private readonly child: ChildProcessWithoutNullStreams;
  private progress: Progress = { answered: 0, failures: [], ended: false };
  private errors = '';

  constructor(program: string, ports: readonly number[], policy: string) {
    const addresses = ports.map((port) => `127.0.0.1:${port}`).join(',');
    const descriptors = join(ROOT, 'generated', 'descriptor_set.binpb');
    const child = spawn(program, [addresses, policy, descriptors], { stdio: 'pipe' });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
    createInterface(child.stdout).on('line', (line) => (this.progress = JSON.parse(line) as Progress));
    this.child = child;
  }

  get failures(): readonly string[] {
    return this.progress.failures;
  }

  /** Waits until this many more calls have succeeded. */
  async moreCalls(count = 250): Promise<void> {
    const target = this.progress.answered + count;
    await until(
      'more calls of the Go client succeed',
      () => {
        if (this.child.exitCode !== null) throw new Error(`the Go client ended: ${this.errors}`);
        return this.progress.answered >= target ? true : undefined;
      },
      20_000,
    );
  }

  /** Ends the client when all its calls are answered, and returns the failures. */
  async end(): Promise<readonly string[]> {
    const closed = once(this.child, 'close');
    this.child.stdin.end();
    await closed;
    if (!this.progress.ended) throw new Error(`the Go client did not finish: ${this.errors}`);
    return this.failures;
  }

  /** For `afterEach`: ends the process. */
  kill(): void {
    this.child.kill('SIGKILL');
  }
}
