import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { memoryMiB, resetPeakMemory } from '../test/support/process-memory';

/** A log line of level error or fatal. The first one is printed, since the benchmark usually fails because of it. */
const ERROR_LINE = /"level":[56]0/;

/** A server in a separate process, on a free port. */
export class ServerProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly pid: number,
    readonly port: number,
  ) {}

  /** Starts the process in `folder`. Resolves when it prints a line of JSON with its `grpcPort`. */
  static async start(
    command: readonly string[],
    environment: Readonly<Record<string, string>>,
    folder = process.cwd(),
  ): Promise<ServerProcess> {
    const [program = '', ...options] = command;
    const child = spawn(program, options, {
      cwd: folder,
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const kill = (): void => {
      child.kill('SIGKILL');
    };
    process.once('exit', kill);
    child.once('exit', () => process.off('exit', kill));
    let failed = false;
    const port = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) =>
        reject(new Error(`${command.join(' ')} exited during startup with code ${code}`)),
      );
      createInterface(child.stdout).on('line', (line) => {
        const port = /"grpcPort":(\d+)/.exec(line)?.[1];
        if (port !== undefined) resolve(Number(port));
        if (!failed && ERROR_LINE.test(line)) process.stderr.write(`${line}\n`);
        failed ||= ERROR_LINE.test(line);
      });
    });
    if (child.pid === undefined) throw new Error('the process has no ID');
    return new ServerProcess(child, child.pid, port);
  }

  /** Resident memory, in MiB. */
  get memoryMiB(): number | undefined {
    return memoryMiB(this.pid, 'VmRSS');
  }

  /** Runs `work`, and returns its result and the server's peak memory meanwhile, in MiB. */
  async withPeakMemory<Result>(
    work: () => Promise<Result>,
  ): Promise<{ result: Result; peakMiB: number | undefined }> {
    resetPeakMemory(this.pid);
    const result = await work();
    return { result, peakMiB: memoryMiB(this.pid, 'VmHWM') };
  }

  /** Shuts down gracefully. */
  async stop(): Promise<void> {
    const exit = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await exit;
  }
}
