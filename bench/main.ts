import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { errorMessage } from '../src/core/error-message';
import { measureAgainst } from './against';
import type { Sizes } from './measure-store';
import { type Options, parseOptions } from './options';
import { PAIRED_OPERATIONS } from './paired-operations';
import { againstText } from './print-against';
import { comparisonText } from './print-comparison';
import { reportText } from './print-report';
import { readRows } from './report';
import { runBench, type Cleanup } from './run-bench';
import { STORE_NAMES } from './store-names';

const SIZES: Sizes = { longEvents: 100_000, manySessions: undefined };
const FULL_SIZES: Sizes = { longEvents: 1_000_000, manySessions: 1_000_000 };

const CALLS = PAIRED_OPERATIONS.map(({ call }) => call).join(', ');

const USAGE = `Usage: npm run bench [-- OPTIONS]
Measures the built service on both stores, and a bare grpc-js server without a store; takes about three minutes.
  --full                    use a session of 1,000,000 events instead of 100,000, and also a store of 1,000,000
                            sessions; takes about ten minutes longer
  --json FILE               also write the figures to FILE
  --compare FIRST SECOND    only print the ratios between two such files
  --against COMMIT          only measure the cost of the working tree as a ratio to COMMIT, alternating on the same
                            machine; takes about eight minutes. --against HEAD without changes shows the noise
    --store NAME            only this store: ${STORE_NAMES.join(', ')}
    --operation NAME        only this operation: ${CALLS}
    --rounds N              number of pairs of rounds per operation and store
`;

const cleanups: Cleanup[] = [];

async function main(): Promise<void> {
  const options = readOptions();
  const startedAt = performance.now();
  const logProgress = (text: string): void => {
    process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(0).padStart(4)} s  ${text}\n`);
  };
  const addCleanup = (cleanup: Cleanup): void => void cleanups.push(cleanup);
  if (options.command === 'help') {
    process.stdout.write(USAGE);
  } else if (options.command === 'compare') {
    const [first, second] = [resolveFromCaller(options.first), resolveFromCaller(options.second)];
    process.stdout.write(comparisonText(readRows(first), readRows(second)));
  } else if (options.command === 'against') {
    const report = await measureAgainst(options, logProgress, addCleanup);
    logProgress('done');
    process.stdout.write(`\n${againstText(report)}`);
  } else {
    const report = await runBench(options.full ? FULL_SIZES : SIZES, logProgress, addCleanup);
    logProgress('done');
    process.stdout.write(`\n${reportText(report)}`);
    if (options.jsonPath !== undefined)
      writeFileSync(resolveFromCaller(options.jsonPath), `${JSON.stringify(report, null, 2)}\n`);
  }
}

function readOptions(): Options {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    throw new Error(`${errorMessage(error)}\n${USAGE}`, { cause: error });
  }
}

/** Resolves a path against the folder in which npm was called: npm runs scripts in the package's folder. */
function resolveFromCaller(argument: string): string {
  const { npm_lifecycle_event: script, INIT_CWD: called } = process.env;
  return script === 'bench' && called !== undefined ? resolve(called, argument) : argument;
}

let exiting: Promise<void> | undefined;

/** Cleans up and exits. Later calls keep the first exit code. */
function exit(exitCode: number): Promise<void> {
  exiting ??= cleanUp().then(() => process.exit(exitCode));
  return exiting;
}

/** Runs the cleanups in reverse order. If one fails, the others still run. */
async function cleanUp(): Promise<void> {
  for (let cleanup = cleanups.pop(); cleanup !== undefined; cleanup = cleanups.pop()) {
    try {
      await cleanup();
    } catch (error) {
      process.stderr.write(`bench: ${errorMessage(error)}\n`);
    }
  }
}

function fail(error: unknown): Promise<void> {
  // During cleanup, the run fails because its processes were stopped: that error is not reported.
  if (exiting === undefined) process.stderr.write(`bench: ${errorMessage(error)}\n`);
  return exit(1);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void exit(130));

main().then(() => exit(0), fail);
