/** A table that is read in a terminal, and pasted into a Markdown page. The first columns are text, the rest figures. */
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

/** A figure with so many decimals; `-` where there is none. */
export function shown(figure: number | null, decimals: number): string {
  return figure === null || !Number.isFinite(figure) ? '-' : figure.toFixed(decimals);
}

export function percent(share: number | null): string {
  return share === null ? '-' : `${shown(share * 100, 0)} %`;
}
