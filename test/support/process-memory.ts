import { readFileSync, writeFileSync } from 'node:fs';

/** Memory of a process in MiB: `VmRSS` what it has, `VmHWM` the most that it had; undefined where the system does not tell. */
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

/** Sets `VmHWM` of one's own process back to `VmRSS`. Says whether the system lets it. */
export function resetPeakMemory(pid: number): boolean {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, '5');
    return true;
  } catch {
    return false;
  }
}
