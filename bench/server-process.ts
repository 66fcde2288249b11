import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { memoryMiB, resetPeakMemory } from '../test/support/process-memory';

/** A line of the service's log about an error that a client is not told. The first is shown: the bench ends with it. */
const ERROR_LINE = /"level":[56]0/;

/** A server in a process of its own, on a free port of this machine. */
export class ServerProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly pid: number,
    readonly port: number,
  ) {}

  /** Starts it in a folder, and resolves when it says on its standard output, in a line of JSON, which `grpcPort` it has. */
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
      child.once('exit', (code) => reject(new Error(`${command.join(' ')} ended at its start with ${code}`)));
      createInterface(child.stdout).on('line', (line) => {
        const said = /"grpcPort":(\d+)/.exec(line)?.[1];
        if (said !== undefined) resolve(Number(said));
        if (!failed && ERROR_LINE.test(line)) process.stderr.write(`${line}\n`);
        failed ||= ERROR_LINE.test(line);
      });
    });
    if (child.pid === undefined) throw new Error('a process that runs has no id');
    return new ServerProcess(child, child.pid, port);
  }

  /** What it has, in MiB. */
  get memoryMiB(): number | undefined {
    return memoryMiB(this.pid, 'VmRSS');
  }

  /** Does the work, and tells the most memory that the server had meanwhile, in MiB. */
  async withPeak<Done>(work: () => Promise<Done>): Promise<{ done: Done; peakMiB: number | undefined }> {
    resetPeakMemory(this.pid);
    const done = await work();
    return { done, peakMiB: memoryMiB(this.pid, 'VmHWM') };
  }

  /** Ends it in its orderly way. */
  async stop(): Promise<void> {
    const exit = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await exit;
  }
}
