import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Sizes } from './measure-store';
import { comparisonText } from './print-comparison';
import { reportText } from './print-report';
import { readRows } from './report';
import { runBench, type Undo } from './run-bench';

const SIZES: Sizes = { longEvents: 100_000, manySessions: undefined };
const FULL_SIZES: Sizes = { longEvents: 1_000_000, manySessions: 1_000_000 };

const USAGE = `Usage: npm run bench [-- OPTIONS]
Measures the built service on both stores, beside a bare grpc-js server with no store; takes about three minutes.
  --full                    a session of 1,000,000 events rather than of 100,000, and a store of 1,000,000
                            sessions; takes some ten minutes more
  --json FILE               write the figures to FILE too
  --compare FIRST SECOND    only print the ratios of two such files
`;

const undos: Undo[] = [];

async function main(): Promise<void> {
  const options = process.argv.slice(2);
  let sizes = SIZES;
  let jsonPath: string | undefined;
  for (let option = options.shift(); option !== undefined; option = options.shift()) {
    if (option === '--help') {
      process.stdout.write(USAGE);
      return;
    }
    if (option === '--full') sizes = FULL_SIZES;
    else if (option === '--json') jsonPath = fileOf(options.shift());
    else if (option === '--compare') {
      const [first, second] = [fileOf(options.shift()), fileOf(options.shift())];
      process.stdout.write(comparisonText(readRows(first), readRows(second)));
      return;
    } else throw new Error(`unknown option ${option}\n${USAGE}`);
  }
  const startedAt = performance.now();
  const say = (what: string): void => {
    process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(0).padStart(4)} s  ${what}\n`);
  };
  const report = await runBench(sizes, say, (undo) => undos.push(undo));
  say('done');
  process.stdout.write(`\n${reportText(report)}`);
  if (jsonPath !== undefined) writeFileSync(jsonPath, `${JSON.stringify(report, null, 2)}\n`);
}

/** npm runs scripts in the package's folder, whichever folder it was called in. */
function fileOf(argument: string | undefined): string {
  if (argument === undefined) throw new Error(`a file is missing\n${USAGE}`);
  const { npm_lifecycle_event: script, INIT_CWD: called } = process.env;
  return script === 'bench' && called !== undefined ? resolve(called, argument) : argument;
}

let ending: Promise<void> | undefined;

/** Undoes what was done, the last first, and ends with the first exit code that was asked for. */
function end(exitCode: number): Promise<void> {
  ending ??= undoAll().then(() => process.exit(exitCode));
  return ending;
}

async function undoAll(): Promise<void> {
  for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) await undo();
}

function fail(error: unknown): Promise<void> {
  // A run that is being ended fails for that.
  if (ending === undefined)
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  return end(1);
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void end(130));

main().then(() => end(0), fail);
