// Asks the registry's advisory service for known holes in what is shipped, and fails where one is high or critical.
// Where no such service answers (a mirror may have none), it says so and fails nothing.
import { execFileSync } from 'node:child_process';

let report;
try {
  report = execFileSync('npm', ['audit', '--omit=dev', '--json'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 64 * 1024 * 1024,
  });
} catch (error) {
  // It exits with 1 both where it found something and where nobody answered.
  report = error.stdout ?? '';
}

const { vulnerabilities, message, error } = JSON.parse(report === '' ? '{}' : report);
if (vulnerabilities === undefined) {
  const why = message ?? error?.summary ?? 'no answer';
  process.stdout.write(`no advisory service answers, so nothing is known of new holes: ${why}\n`);
} else {
  const found = Object.values(vulnerabilities);
  for (const { name, severity, range } of found) process.stdout.write(`${severity}: ${name} ${range}\n`);
  process.stdout.write(`${found.length} packages with known holes\n`);
  if (found.some(({ severity }) => severity === 'high' || severity === 'critical')) process.exitCode = 1;
}
