import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { runGo } from './go-tools';
import { until } from './until';

const ROOT = resolve(__dirname, '..', '..');

/** What the program prints, a line each. */
interface Progress {
  readonly answered: number;
  readonly failures: readonly string[];
  readonly ended: boolean;
}

/** Builds test/clients/go into the folder, and returns the program's path. Go keeps what it has built before. */
export async function buildGoClient(folder: string): Promise<string> {
  const program = join(folder, 'go-client');
  const sources = join(ROOT, 'test', 'clients', 'go');
  await runGo(['build', '-o', program, '.'], { cwd: sources }, 'build test/clients/go');
  return program;
}

/** The client in Go under way, with a policy as its service config. */
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

  /** So many calls more are answered well. */
  async more(count = 250): Promise<void> {
    const enough = this.progress.answered + count;
    await until(
      'calls of the client in Go go on',
      () => {
        if (this.child.exitCode !== null) throw new Error(`the client in Go ended: ${this.errors}`);
        return this.progress.answered >= enough ? true : undefined;
      },
      20_000,
    );
  }

  /** Ends it once all is answered; returns what failed. */
  async end(): Promise<readonly string[]> {
    const closed = once(this.child, 'close');
    this.child.stdin.end();
    await closed;
    if (!this.progress.ended) throw new Error(`the client in Go did not end well: ${this.errors}`);
    return this.failures;
  }

  /** For `afterEach`: nothing of it is left. */
  kill(): void {
    this.child.kill('SIGKILL');
  }
}
