import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { measureAgainst } from './against';
import type { Sizes } from './measure-store';
import { type Options, parseOptions } from './options';
import { PAIRED_OPERATIONS } from './paired-operations';
import { againstText } from './print-against';
import { comparisonText } from './print-comparison';
import { reportText } from './print-report';
import { readRows } from './report';
import { runBench, type Undo } from './run-bench';
import { STORE_NAMES } from './store-names';

const SIZES: Sizes = { longEvents: 100_000, manySessions: undefined };
const FULL_SIZES: Sizes = { longEvents: 1_000_000, manySessions: 1_000_000 };

const CALLS = PAIRED_OPERATIONS.map(({ call }) => call).join(', ');

const USAGE = `Usage: npm run bench [-- OPTIONS]
Measures the built service on both stores, beside a bare grpc-js server with no store; takes about three minutes.
  --full                    a session of 1,000,000 events rather than of 100,000, and a store of 1,000,000
                            sessions; takes some ten minutes more
  --json FILE               write the figures to FILE too
  --compare FIRST SECOND    only print the ratios of two such files
  --against COMMIT          measure only what the working tree costs as a ratio to COMMIT, both in turn on the same
                            machine; takes about eight minutes. --against HEAD with nothing changed shows the noise
    --store NAME            on one store: ${STORE_NAMES.join(', ')}
    --operation NAME        of one operation: ${CALLS}
    --rounds N              so many pairs of rounds of each
`;

const undos: Undo[] = [];

async function main(): Promise<void> {
  const options = readOptions();
  const startedAt = performance.now();
  const say = (what: string): void => {
    process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(0).padStart(4)} s  ${what}\n`);
  };
  const atEnd = (undo: Undo): void => void undos.push(undo);
  if (options.command === 'help') {
    process.stdout.write(USAGE);
  } else if (options.command === 'compare') {
    const [first, second] = [fileOf(options.first), fileOf(options.second)];
    process.stdout.write(comparisonText(readRows(first), readRows(second)));
  } else if (options.command === 'against') {
    const report = await measureAgainst(options, say, atEnd);
    say('done');
    process.stdout.write(`\n${againstText(report)}`);
  } else {
    const report = await runBench(options.full ? FULL_SIZES : SIZES, say, atEnd);
    say('done');
    process.stdout.write(`\n${reportText(report)}`);
    if (options.jsonPath !== undefined)
      writeFileSync(fileOf(options.jsonPath), `${JSON.stringify(report, null, 2)}\n`);
  }
}

function readOptions(): Options {
  try {
    return parseOptions(process.argv.slice(2));
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`, { cause: error });
  }
}

/** npm runs scripts in the package's folder, whichever folder it was called in. */
function fileOf(argument: string): string {
  const { npm_lifecycle_event: script, INIT_CWD: called } = process.env;
  return script === 'bench' && called !== undefined ? resolve(called, argument) : argument;
}

let ending: Promise<void> | undefined;

/** Undoes what was done, the last first, and ends with the first exit code that was asked for. */
function end(exitCode: number): Promise<void> {
  ending ??= undoAll().then(() => process.exit(exitCode));
  return ending;
}

/** One that fails does not keep the rest from being undone. */
async function undoAll(): Promise<void> {
  for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) {
    try {
      await undo();
    } catch (error) {
      process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
}

function fail(error: unknown): Promise<void> {
  // A run that is being ended fails for that.
  if (ending === undefined)
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  return end(1);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void end(130));

main().then(() => end(0), fail);
