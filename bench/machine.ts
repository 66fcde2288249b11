import { cpus, platform, release } from 'node:os';
import type { Cores } from './cores';

/** One line about the date and the machine of a measurement. */
export function describeMachine(date: string, { description }: Cores, loadAverage: number): string {
  const [first] = cpus();
  return [
    `${date.slice(0, 10)}, ${cpus().length} cores of ${first?.model ?? 'an unknown model'},`,
    `${platform()} ${release()}, Node.js ${process.version}; ${description}; load average at the start ${loadAverage.toFixed(2)}`,
  ].join(' ');
}
