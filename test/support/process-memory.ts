import { readFileSync, writeFileSync } from 'node:fs';

/** Returns the memory of a process in MiB, current (`VmRSS`) or peak (`VmHWM`); undefined if the system does not report it. */
export function memoryMiB(pid: number, figure: 'VmRSS' | 'VmHWM'): number | undefined {
  let status: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return undefined;
  }
  const line = new RegExp(`^${figure}:\\s+(\\d+) kB`, 'm').exec(status);
  return line === null ? undefined : Number(line[1]) / 1024;
}

/** Resets this process's `VmHWM` to its `VmRSS`. Returns whether the system allows it. */
export function resetPeakMemory(pid: number): boolean {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
    return true;
  } catch {
    return false;
  }
}
