import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** CPU usage of a process so far, by thread; undefined if the system does not report it. */
export type CpuUsage = ReadonlyMap<string, ThreadUsage> | undefined;

interface ThreadUsage {
  readonly ranMicros: number;
  /** Time in which it was runnable but another thread used the core. */
  readonly waitedMicros: number;
}

/** Only for Linux. Reads schedstat, which has nanoseconds; /proc/PID/stat has only ticks of 10 ms. */
export function cpuUsage(pid: number): CpuUsage {
  const folder = `/proc/${pid}/task`;
  if (!existsSync(`${folder}/${pid}/schedstat`)) return undefined;
  const threads = new Map<string, ThreadUsage>();
  for (const thread of readdirSync(folder)) {
    const [ran, waited] = readIfExists(`${folder}/${thread}/schedstat`).split(' ').map(Number);
    if (ran !== undefined && waited !== undefined)
      threads.set(thread, { ranMicros: ran / 1000, waitedMicros: waited / 1000 });
  }
  return threads;
}

/** CPU used between the two readings, in microseconds, without threads that ended. */
export function cpuMicrosBetween(begin: CpuUsage, end: CpuUsage): number | undefined {
  if (begin === undefined || end === undefined) return undefined;
  return [...end].reduce((sum, [id, { ranMicros }]) => sum + ranMicros - (begin.get(id)?.ranMicros ?? 0), 0);
}

/** How long the main thread, which runs the event loop, waited for a core, in microseconds. */
export function waitMicrosBetween(pid: number, begin: CpuUsage, end: CpuUsage): number | undefined {
  const [first, last] = [begin?.get(String(pid)), end?.get(String(pid))];
  return first === undefined || last === undefined ? undefined : last.waitedMicros - first.waitedMicros;
}

/** A thread may end between listing and reading. */
function readIfExists(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
