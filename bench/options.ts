import { PAIRED_OPERATIONS } from './paired-operations';
import { STORE_NAMES, type StoreName } from './store-names';

/** What the command line asks for. */
export type Options =
  | { readonly command: 'help' }
  | { readonly command: 'measure'; readonly full: boolean; readonly jsonPath: string | undefined }
  | { readonly command: 'compare'; readonly first: string; readonly second: string }
  | ({ readonly command: 'against' } & AgainstOptions);

export interface AgainstOptions {
  /** The baseline, as Git names it. */
  readonly commit: string;
  readonly stores: readonly StoreName[];
  readonly operations: readonly string[];
  /** Pairs of rounds of each operation on each store. */
  readonly rounds: number;
}

const ROUNDS = 80;

/** Options that restrict `--against`, and those that `--against` has no use for. */
const AGAINST_ONLY = ['--store', '--operation', '--rounds'];
const MEASURE_ONLY = ['--full', '--json'];

/** Reads the command line. @throws where an option is unknown, lacks its value, or does not go with another */
export function parseOptions(words: readonly string[]): Options {
  const given = new Map<string, string>();
  const left = [...words];
  const value = (what: string): string => {
    const word = left.shift();
    if (word === undefined || word.startsWith('--')) throw new Error(`${what} is missing`);
    return word;
  };
  for (let option = left.shift(); option !== undefined; option = left.shift()) {
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

/** The one that is named, or all. */
function choose<Choice extends string>(
  option: string,
  choices: readonly Choice[],
  named: string | undefined,
): readonly Choice[] {
  if (named === undefined) return choices;
  const chosen = choices.filter((choice) => choice === named);
  if (chosen.length === 0) throw new Error(`${option} ${named} is unknown: take ${choices.join(', ')}`);
  return chosen;
}

function wholeNumber(option: string, text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new Error(`${option} takes a whole number from 1, not ${text}`);
  return Number(text);
}
