// Prints `N passed, N failed, N skipped` for the steps of .ci/run, and fails if any test failed or was skipped.
// The folder given contains `steps` (per line: exit code, tab, name) and Jest's JSON report of each step with tests.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder] = process.argv.slice(2);
const totals = { passed: 0, failed: 0, skipped: 0 };

const countReport = (report) => {
  totals.passed += report.numPassedTests;
  // A suite that cannot be loaded reports no failed tests.
  const failed = report.numFailedTests + report.numRuntimeErrorTestSuites;
  totals.failed += failed;
  totals.skipped += report.numPendingTests + report.numTodoTests;
  return failed;
};

for (const line of readFileSync(join(folder, 'steps'), 'utf8').trim().split('\n')) {
  const [code, name] = line.split('\t');
  const path = join(folder, `${name}.json`);
  const failed = existsSync(path) ? countReport(JSON.parse(readFileSync(path, 'utf8'))) : 0;
  if (code !== '0' && failed === 0) totals.failed += 1;
  if (code === '0' && name === 'demo') totals.passed += 1;
}

process.stdout.write(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped\n`);
process.exitCode = totals.passed > 0 && totals.failed === 0 && totals.skipped === 0 ? 0 : 1;
