import type { AgainstReport, AgainstRow } from './against';
import { PAGE } from './operations';
import { compare, confidenceOf, medianOf, type Range, SIDES } from './paired-rounds';
import { percent, shown, textTable } from './text-table';

export function againstText({ machine, commit, rows }: AgainstReport): string {
  const head = [
    ...['operation', 'store', `${commit} µs`, 'tree µs', 'ratio', 'quartiles', 'launches'],
    ...['p50 ratio', 'mongod ratio', 'waited'],
  ];
  return [machine, '', textTable(head, rows.map(cellsOf), 2), '', ...notes(rows), ''].join('\n');
}

function cellsOf({ operation, store, launches }: AgainstRow): string[] {
  const server = compare(launches, 'serverMicros');
  return [
    operation,
    store,
    shown(medianOf(launches, 'serverMicros', ['baseline']), 1),
    shown(medianOf(launches, 'serverMicros', ['candidate']), 1),
    shown(server.ratio, 3),
    shownRange(server.quartiles),
    shownRange(server.launches),
    shown(compare(launches, 'p50Ms').ratio, 2),
    shown(compare(launches, 'mongodMicros').ratio, 2),
    percent(medianOf(launches, 'waited', SIDES)),
  ];
}

function notes(rows: readonly AgainstRow[]): string[] {
  const launches = rows[0]?.launches ?? [];
  const confidence = Math.floor(confidenceOf(launches.length) * 100);
  return [
    `µs: the server's CPU for each event, or page of ${PAGE}; the median of ${launches.flat().length} rounds.`,
    'ratio: the working tree over the commit, within each pair of rounds; the median. Over 1: the working tree costs more.',
    'quartiles: half of the pairs lie between these.',
    `launches: both servers were started ${launches.length} times; the lowest and the highest median of one launch. The true ratio is`,
    `between the two with ${confidence} % confidence: a range that has 1.00 in it shows no difference.`,
    "p50 ratio, mongod ratio: likewise, of the median latency of a call and of mongod's CPU.",
    'waited: the share of the time for which the server had work, and another thread or process its core; the median. Where',
    'the quartiles lie far apart, others disturbed the machine: use more --rounds, or a quieter machine.',
  ];
}

function shownRange([low, high]: Range): string {
  return low === null || high === null ? '-' : `${shown(low, 2)}–${shown(high, 2)}`;
}
