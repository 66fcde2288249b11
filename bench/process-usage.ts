import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** CPU of a process so far, by thread; undefined where the system does not tell. */
export type CpuUse = ReadonlyMap<string, ThreadUse> | undefined;

interface ThreadUse {
  readonly ranMicros: number;
  /** Time that it could have run in, and another had the core. */
  readonly waitedMicros: number;
}

/** Linux alone has these; in nanoseconds, where /proc/PID/stat has ticks of 10 ms. */
export function cpuUse(pid: number): CpuUse {
  const folder = `/proc/${pid}/task`;
  if (!existsSync(`${folder}/${pid}/schedstat`)) return undefined;
  const threads = new Map<string, ThreadUse>();
  for (const thread of readdirSync(folder)) {
    const [ran, waited] = readIfThere(`${folder}/${thread}/schedstat`).split(' ').map(Number);
    if (ran !== undefined && waited !== undefined)
      threads.set(thread, { ranMicros: ran / 1000, waitedMicros: waited / 1000 });
  }
  return threads;
}

/** CPU that was used between the two, in microseconds, but for threads that ended. */
export function ranBetween(begin: CpuUse, end: CpuUse): number | undefined {
  if (begin === undefined || end === undefined) return undefined;
  return [...end].reduce((sum, [id, { ranMicros }]) => sum + ranMicros - (begin.get(id)?.ranMicros ?? 0), 0);
}

/** How long the process's first thread, which is the one of Node's event loop, waited for its core, in microseconds. */
export function waitedBetween(pid: number, begin: CpuUse, end: CpuUse): number | undefined {
  const [first, last] = [begin?.get(String(pid)), end?.get(String(pid))];
  return first === undefined || last === undefined ? undefined : last.waitedMicros - first.waitedMicros;
}

/** Threads end while they are looked at. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
