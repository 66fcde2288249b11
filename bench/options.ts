import { PAIRED_OPERATIONS } from './paired-operations';
import { STORE_NAMES, type StoreName } from './store-names';

/** The parsed command line. */
export type Options =
  | { readonly command: 'help' }
  | { readonly command: 'measure'; readonly full: boolean; readonly jsonPath: string | undefined }
  | { readonly command: 'compare'; readonly first: string; readonly second: string }
  | ({ readonly command: 'against' } & AgainstOptions);

export interface AgainstOptions {
  /** The baseline, as a Git revision. */
  readonly commit: string;
  readonly stores: readonly StoreName[];
  readonly operations: readonly string[];
  /** Pairs of rounds of each operation on each store. */
  readonly rounds: number;
}

const ROUNDS = 80;

/** Options valid only with `--against`, and options invalid with it. */
const AGAINST_ONLY = ['--store', '--operation', '--rounds'];
const MEASURE_ONLY = ['--full', '--json'];

/** @throws if an option is unknown, has no value, or cannot be combined with another */
export function parseOptions(args: readonly string[]): Options {
  const given = new Map<string, string>();
  const remaining = [...args];
  const value = (what: string): string => {
    const argument = remaining.shift();
    if (argument === undefined || argument.startsWith('--')) throw new Error(`${what} is missing`);
    return argument;
  };
  for (let option = remaining.shift(); option !== undefined; option = remaining.shift()) {
    if (option === '--help') return { command: 'help' };
    if (option === '--compare')
      return { command: 'compare', first: value('a file'), second: value('a file') };
    if (option === '--full') given.set(option, '');
    else if (option === '--json') given.set(option, value('a file'));
    else if (option === '--against') given.set(option, value('the COMMIT of --against'));
    else if (AGAINST_ONLY.includes(option)) given.set(option, value(`the value of ${option}`));
    else throw new Error(`unknown option ${option}`);
  }
  const commit = given.get('--against');
  if (commit === undefined) {
    const misplaced = AGAINST_ONLY.find((option) => given.has(option));
    if (misplaced !== undefined) throw new Error(`${misplaced} needs --against COMMIT`);
    return { command: 'measure', full: given.has('--full'), jsonPath: given.get('--json') };
  }
  const misplaced = MEASURE_ONLY.find((option) => given.has(option));
  if (misplaced !== undefined) throw new Error(`${misplaced} cannot be combined with --against`);
  return {
    command: 'against',
    commit,
    stores: choose('--store', STORE_NAMES, given.get('--store')),
    operations: choose(
      '--operation',
      PAIRED_OPERATIONS.map(({ call }) => call),
      given.get('--operation'),
    ),
    rounds: wholeNumber('--rounds', given.get('--rounds') ?? String(ROUNDS)),
  };
}

/** The given choice, or all if none is given. */
function choose<Choice extends string>(
  option: string,
  choices: readonly Choice[],
  given: string | undefined,
): readonly Choice[] {
  if (given === undefined) return choices;
  const chosen = choices.filter((choice) => choice === given);
  if (chosen.length === 0) throw new Error(`${option} ${given} is unknown: use ${choices.join(' or ')}`);
  return chosen;
}

function wholeNumber(option: string, text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text))
    throw new Error(`${option} must be an integer from 1 to 999999, not ${text}`);
  return Number(text);
}
