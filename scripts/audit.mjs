// Queries the registry's advisory service for known vulnerabilities in production dependencies, and fails if one is
// high or critical. If no advisory service answers (a mirror may have none), reports that and succeeds.
import { execFileSync } from 'node:child_process';

let report;
try {
  report = execFileSync('npm', ['audit', '--omit=dev', '--json'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    maxBuffer: 64 * 1024 * 1024,
  });
} catch (error) {
  // npm audit exits with 1 both if it found vulnerabilities and if no service answered.
  report = error.stdout ?? '';
}

const { vulnerabilities, message, error } = JSON.parse(report === '' ? '{}' : report);
if (vulnerabilities === undefined) {
  const reason = message ?? error?.summary ?? 'no answer';
  process.stdout.write(`no advisory service answers, so vulnerabilities are not checked: ${reason}\n`);
} else {
  const found = Object.values(vulnerabilities);
  for (const { name, severity, range } of found) process.stdout.write(`${severity}: ${name} ${range}\n`);
  process.stdout.write(`${found.length} packages with known vulnerabilities\n`);
  if (found.some(({ severity }) => severity === 'high' || severity === 'critical')) process.exitCode = 1;
}
