import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Where the processes run. */
export interface Cores {
  /** What stands before a server's command. */
  readonly serverPrefix: readonly string[];
  /** For the reader of the table. */
  readonly description: string;
}

/** Keeps this process, and what it starts without the prefix, off the first core, which is the servers'. */
export function divideCores(): Cores {
  try {
    const [first, ...others] = allowedCores();
    if (first === undefined || others.length === 0) return unpinned('there is one core alone');
    execFileSync('taskset', ['-a', '-c', '-p', others.join(','), String(process.pid)], { stdio: 'pipe' });
    return {
      serverPrefix: ['taskset', '-c', String(first)],
      description: `servers pinned to core ${first}; load generator and mongod on ${others.join(', ')}`,
    };
  } catch {
    return unpinned('this system has no taskset');
  }
}

function unpinned(why: string): Cores {
  return { serverPrefix: [], description: `nothing is pinned to a core: ${why}` };
}

/** This process's cores, from a list such as `0-1,4`. */
function allowedCores(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '';
  return list.split(',').flatMap((range) => {
    const [first = NaN, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
