import { cpus, platform, release } from 'node:os';
import type { Cores } from './cores';

/** One line on where and when figures were taken. */
export function describeMachine(date: string, { description }: Cores, load: number): string {
  const [first] = cpus();
  return [
    `${date.slice(0, 10)}, ${cpus().length} cores of ${first?.model ?? 'an unknown kind'},`,
    `${platform()} ${release()}, Node.js ${process.version}; ${description}; load average at the start ${load.toFixed(2)}`,
  ].join(' ');
}
