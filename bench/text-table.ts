/** An aligned Markdown table. The first `textColumns` columns are text, the others are numbers. */
export function textTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  textColumns: number,
): string {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0), 3),
  );
  const line = (cells: readonly string[]): string => {
    const padded = cells.map((cell, column) => {
      const width = widths[column] ?? 0;
      return column < textColumns ? cell.padEnd(width) : cell.padStart(width);
    });
    return `| ${padded.join(' | ')} |`;
  };
  const rule = widths.map((width, column) =>
    column < textColumns ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

/** Formats a number with this many decimals, or null as `-`. */
export function formatFigure(figure: number | null, decimals: number): string {
  return figure === null || !Number.isFinite(figure) ? '-' : figure.toFixed(decimals);
}

export function formatPercent(share: number | null): string {
  return share === null ? '-' : `${formatFigure(share * 100, 0)} %`;
}
