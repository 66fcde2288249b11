import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The assignment of processes to CPU cores. */
export interface Cores {
  /** Prefix of a server's command line. */
  readonly serverPrefix: readonly string[];
  /** For the report. */
  readonly description: string;
}

/** Reserves the first core for servers: pins this process, and processes it starts without the prefix, to the others. */
export function divideCores(): Cores {
  try {
    const [first, ...others] = allowedCores();
    if (first === undefined || others.length === 0) return unpinned('only one core is available');
    execFileSync('taskset', ['-a', '-c', '-p', others.join(','), String(process.pid)], { stdio: 'pipe' });
    return {
      serverPrefix: ['taskset', '-c', String(first)],
      description: `servers pinned to core ${first}; load generator and mongod on ${others.join(', ')}`,
    };
  } catch {
    return unpinned('taskset is not available');
  }
}

function unpinned(reason: string): Cores {
  return { serverPrefix: [], description: `no process is pinned to a core: ${reason}` };
}

/** The cores this process may use, from a list such as `0-1,4`. */
function allowedCores(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  return list.split(',').flatMap((range) => {
    const [first = NaN, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
