import { parseOptions } from '../../bench/options';

const CALLS = ['AddEvent', 'BatchAddEvents', 'IngestEvents', 'GetSession'];

test('--against measures all operations on both stores', () => {
  const options = parseOptions(['--against', 'HEAD~3']);
  expect(options).toMatchObject({
    command: 'against',
    commit: 'HEAD~3',
    stores: ['embedded', 'mongodb'],
    operations: CALLS,
  });
});

test('--store, --operation and --rounds restrict a run, in any order', () => {
  const words = ['--rounds', '4', '--store', 'mongodb', '--against', 'main', '--operation', 'GetSession'];
  expect(parseOptions(words)).toEqual({
    command: 'against',
    commit: 'main',
    stores: ['mongodb'],
    operations: ['GetSession'],
    rounds: 4,
  });
});

test.each([
  [[], { command: 'measure', full: false, jsonPath: undefined }],
  [['--json', 'a.json', '--full'], { command: 'measure', full: true, jsonPath: 'a.json' }],
  [['--compare', 'a.json', 'b.json'], { command: 'compare', first: 'a.json', second: 'b.json' }],
  [['--full', '--help'], { command: 'help' }],
])('%j is parsed as %j', (words, expected) => {
  expect(parseOptions(words)).toEqual(expected);
});

test.each([
  [['--fast'], 'unknown option --fast'],
  [['--against'], 'the COMMIT of --against is missing'],
  [['--against', '--store', 'mongodb'], 'the COMMIT of --against is missing'],
  [['--against', 'HEAD', '--store', 'redis'], '--store redis is unknown: take embedded, mongodb'],
  [['--against', 'HEAD', '--operation', 'Add'], `--operation Add is unknown: take ${CALLS.join(', ')}`],
  [['--against', 'HEAD', '--rounds', '0'], '--rounds takes a whole number from 1, not 0'],
  [['--against', 'HEAD', '--rounds', '1.5'], '--rounds takes a whole number from 1, not 1.5'],
  [['--against', 'HEAD', '--full'], '--full cannot be combined with --against'],
  [['--store', 'mongodb'], '--store needs --against COMMIT'],
  [['--compare', 'a.json'], 'a file is missing'],
])('%j is rejected', (words, message) => {
  expect(() => parseOptions(words)).toThrow(message);
});
