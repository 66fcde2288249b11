import { COMPARED, type Compared, type ComparedRow } from './report';
import { formatFigure, textTable } from './text-table';

const TITLES: Readonly<Record<Compared, string>> = {
  perSecond: 'per second',
  p50Ms: 'p50',
  p99Ms: 'p99',
  echoRatio: 'server/echo',
  unitRatio: 'server/unit',
  mongodRatio: 'mongod/unit',
  peakMiB: 'peak memory',
};

/** A table of each figure of the second run divided by the first's. */
export function comparisonText(first: readonly ComparedRow[], second: readonly ComparedRow[]): string {
  const lines: string[][] = [];
  const unmatched: string[] = [];
  for (const row of second) {
    const before = first.find((other) => nameOf(other) === nameOf(row));
    if (before === undefined) unmatched.push(`${nameOf(row)}: only in the second run`);
    else {
      const ratios = COMPARED.map((figure) => formatFigure(ratio(row[figure], before[figure]), 2));
      lines.push([row.operation, row.store, String(row.callers), ...ratios]);
    }
  }
  for (const row of first) {
    if (!second.some((other) => nameOf(other) === nameOf(row)))
      unmatched.push(`${nameOf(row)}: only in the first run`);
  }
  const head = ['operation', 'store', 'callers', ...COMPARED.map((figure) => TITLES[figure])];
  return ['The second run divided by the first:', '', textTable(head, lines, 2), ...unmatched, ''].join('\n');
}

function nameOf({ operation, store, callers }: ComparedRow): string {
  return `${operation}, ${store}, ${callers} callers`;
}

function ratio(second: number | null, first: number | null): number | null {
  return second === null || first === null ? null : second / first;
}
