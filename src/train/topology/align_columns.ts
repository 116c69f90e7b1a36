// Tables for people: columns of equal width, texts to the left, numbers to the right.

/** One line a row. @param numbers the first column of numbers. */
export function alignColumns(rows: readonly (readonly string[])[], numbers: number): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const align = (cell: string, column: number) =>
    column < numbers ? cell.padEnd(widths[column]) : cell.padStart(widths[column]);
  return rows.map((row) => row.map(align).join('  ').trimEnd()).join('\n');
}
