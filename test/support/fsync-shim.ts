import { execFile } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

const SOURCE = join(__dirname, 'fsync-shim.c');
const COMPILERS = ['cc', 'gcc', 'clang'];

/** What LMDB commits by, in this order: the pages' sync, and the meta page's write, which is a sync of its own. */
export const SYNC_CALLS = ['fdatasync', 'pwrite64'] as const;
export type SyncCall = (typeof SYNC_CALLS)[number];

/** What the shim is to do with each sync from now on. */
export interface SyncOrder {
  /** How much longer each takes. */
  readonly delayMs?: number;
  /** Which of them fail with EIO. */
  readonly failing?: SyncCall;
  /** How many of those fail; unset: all. */
  readonly times?: number;
}

/** One sync of the data file; times are those of `monotonicUs`. */
export interface Sync {
  readonly id: number;
  readonly call: string;
  readonly beganAt: number;
  /** Undefined while it lasts. */
  readonly endedAt: number | undefined;
  readonly failed: boolean;
}

/** Microseconds of the system's monotonic clock, which all processes share. */
export function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** A library that a service is started with: it delays the syncs of the data file or lets them fail, and tells of each. */
export class FsyncShim {
  private constructor(
    private readonly library: string,
    private readonly orderFile: string,
    private readonly logFile: string,
  ) {}

  /** @param folder an existing one, for its files */
  static async build(folder: string): Promise<FsyncShim> {
    const library = join(folder, 'fsync-shim.so');
    await compile(library);
    return new FsyncShim(library, join(folder, 'sync-order'), join(folder, 'sync-log'));
  }

  /** What a service needs in its environment. */
  get environment(): Readonly<Record<string, string>> {
    return { LD_PRELOAD: this.library, SYNC_SHIM_ORDER: this.orderFile, SYNC_SHIM_LOG: this.logFile };
  }

  order({ delayMs = 0, failing, times = -1 }: SyncOrder): void {
    const written = `${this.orderFile}.new`;
    writeFileSync(written, `${delayMs} ${failing ?? 'none'} ${times}`);
    renameSync(written, this.orderFile);
  }

  /** All syncs so far, in the order in which they began. */
  get syncs(): Sync[] {
    const log = existsSync(this.logFile) ? readFileSync(this.logFile, 'utf8') : '';
    const syncs = new Map<number, Sync>();
    for (const line of log.split('\n').filter((text) => text !== '')) {
      const [what = '', number, call = '', time] = line.split(' ');
      const [id, at] = [Number(number), Number(time)];
      const begun = syncs.get(id);
      if (begun === undefined) syncs.set(id, { id, call, beganAt: at, endedAt: undefined, failed: false });
      else syncs.set(id, { ...begun, endedAt: at, failed: what === 'failed' });
    }
    return [...syncs.values()];
  }
}

async function compile(library: string): Promise<void> {
  const faults: string[] = [];
  for (const compiler of COMPILERS) {
    try {
      await execute(compiler, ['-shared', '-fPIC', '-O1', '-o', library, SOURCE, '-ldl', '-pthread']);
      return;
    } catch (error) {
      faults.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error(
    [
      'This test needs a C compiler on Linux, with the headers of its C library, and found none that works.',
      'Install one, so that cc is on PATH: apt-get install gcc libc6-dev, or dnf install gcc.',
      ...faults,
    ].join('\n'),
  );
}
