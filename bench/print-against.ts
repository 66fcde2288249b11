import type { AgainstReport, AgainstRow } from './against';
import { PAGE } from './operations';
import { compare, confidenceOf, medianOf, type Range, SIDES } from './paired-rounds';
import { formatPercent, formatFigure, textTable } from './text-table';

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
    formatFigure(medianOf(launches, 'serverMicros', ['baseline']), 1),
    formatFigure(medianOf(launches, 'serverMicros', ['candidate']), 1),
    formatFigure(server.ratio, 3),
    formatRange(server.quartiles),
    formatRange(server.launches),
    formatFigure(compare(launches, 'p50Ms').ratio, 2),
    formatFigure(compare(launches, 'mongodMicros').ratio, 2),
    formatPercent(medianOf(launches, 'waited', SIDES)),
  ];
}

function notes(rows: readonly AgainstRow[]): string[] {
  const launches = rows[0]?.launches ?? [];
  const confidence = Math.floor(confidenceOf(launches.length) * 100);
  return [
    `µs: the server's CPU per event, or per page of ${PAGE}; the median of ${launches.flat().length} rounds.`,
    'ratio: the working tree divided by the commit, within each pair of rounds; the median. Above 1: the working tree costs more.',
    'quartiles: half of the ratios lie between them.',
    `launches: both servers were started ${launches.length} times; the lowest and the highest median of a launch. The true ratio is`,
    `between the two with ${confidence} % confidence: a range that contains 1.00 shows no difference.`,
    "p50 ratio, mongod ratio: the same for the median latency of a call and for mongod's CPU.",
    'waited: share of time in which the server was runnable but another thread or process used its core; the median. If the',
    'quartiles are far apart, other processes disturbed the measurement: use more --rounds, or an idle machine.',
  ];
}

function formatRange([low, high]: Range): string {
  return low === null || high === null ? '-' : `${formatFigure(low, 2)}–${formatFigure(high, 2)}`;
}
