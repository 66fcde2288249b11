import { execFile } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

const SOURCE = join(__dirname, 'fsync-shim.c');
const COMPILERS = ['cc', 'gcc', 'clang'];

/** The calls that sync an LMDB commit, in this order: for the data pages, and for the meta page (a write with O_DSYNC). */
export const SYNC_CALLS = ['fdatasync', 'pwrite64'] as const;
export type SyncCall = (typeof SYNC_CALLS)[number];

/** How syncs behave from now on. */
export interface SyncBehavior {
  /** The delay of each sync, in milliseconds. */
  readonly delayMs?: number;
  /** The syncs that fail with EIO; undefined: none. */
  readonly failing?: SyncCall;
  /** How many of them fail; undefined: all. */
  readonly times?: number;
}

/** One sync of the data file; times are those of `monotonicUs`. */
export interface Sync {
  readonly id: number;
  readonly call: string;
  readonly beganAt: number;
  /** Undefined while the sync is in progress. */
  readonly endedAt: number | undefined;
  readonly failed: boolean;
}

/** Reads the system's monotonic clock, which all processes share, in microseconds. */
export function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** A library preloaded into a service: it delays the syncs of the data file or makes them fail, and logs each. */
export class FsyncShim {
  private constructor(
    private readonly library: string,
    private readonly configFile: string,
    private readonly logFile: string,
  ) {}

  /** @param folder an existing folder for the shim's files */
  static async build(folder: string): Promise<FsyncShim> {
    const library = join(folder, 'fsync-shim.so');
    await compile(library);
    return new FsyncShim(library, join(folder, 'sync-config'), join(folder, 'sync-log'));
  }

  /** The environment variables that load the shim into a service. */
  get environment(): Readonly<Record<string, string>> {
    return { LD_PRELOAD: this.library, SYNC_SHIM_CONFIG: this.configFile, SYNC_SHIM_LOG: this.logFile };
  }

  configure({ delayMs = 0, failing, times = -1 }: SyncBehavior): void {
    const written = `${this.configFile}.new`;
    writeFileSync(written, `${delayMs} ${failing ?? 'none'} ${times}`);
    renameSync(written, this.configFile);
  }

  /** All syncs so far, in the order in which they started. */
  get syncs(): Sync[] {
    const log = existsSync(this.logFile) ? readFileSync(this.logFile, 'utf8') : '';
    const syncs = new Map<number, Sync>();
    for (const line of log.split('\n').filter((text) => text !== '')) {
      const [outcome = '', number, call = '', time] = line.split(' ');
      const [id, at] = [Number(number), Number(time)];
      const started = syncs.get(id);
      if (started === undefined) syncs.set(id, { id, call, beganAt: at, endedAt: undefined, failed: false });
      else syncs.set(id, { ...started, endedAt: at, failed: outcome === 'failed' });
    }
    return [...syncs.values()];
  }
}

async function compile(library: string): Promise<void> {
  const errors: string[] = [];
  for (const compiler of COMPILERS) {
    try {
      await execute(compiler, ['-shared', '-fPIC', '-O1', '-o', library, SOURCE, '-ldl', '-pthread']);
      return;
    } catch (error) {
      errors.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Error(
    [
      'This test needs a working C compiler and the headers of the C library, on Linux, and found none.',
      'Install one so that cc is on PATH: apt-get install gcc libc6-dev, or dnf install gcc.',
      ...errors,
    ].join('\n'),
  );
}
