// The rows of `bench kernels` for people: times, rates, shares and speed-ups of each pass and of their sum, layer by layer.

import type { KernelRow } from './kernels.js';

const HEADER = ['weight', 'pass', 'ms', '+-', 'effective', 'actual GFLOP/s', 'of peak', 'MB', 'of copy', 'speed-up'];
/** Columns that hold words. */
const WORDS = 2;

export function kernelTable(rows: readonly KernelRow[]): string {
  const layers = [...new Set(rows.map(({ layer }) => layer))];
  return layers.map((layer) => layerTable(rows.filter((row) => row.layer === layer))).join('\n\n');
}

function layerTable(rows: readonly KernelRow[]): string {
  const [{ layer, batchSize, effectiveGflops, ms }] = rows;
  const dense = rows.filter(({ blockSize }) => blockSize === 0);
  const lines = [HEADER];
  for (const weight of new Set(rows.map(weightOf))) {
    const own = rows.filter((row) => weightOf(row) === weight);
    for (const row of own) lines.push([weight, row.pass, ...figures([row], sameOf(dense, row))]);
    lines.push([weight, 'sum', ...figures(own, dense)]);
  }
  const gflop = (effectiveGflops * ms) / 1000;
  return [`${layer}, batch ${batchSize}: ${gflop.toFixed(3)} GFLOP a dense pass`, ...aligned(lines, WORDS)].join('\n');
}

function weightOf({ sparsity, blockSize }: KernelRow): string {
  return blockSize === 0 ? 'dense' : `${sparsity}, blocks of ${blockSize}`;
}

function sameOf(dense: readonly KernelRow[], { pass }: KernelRow): KernelRow[] {
  return dense.filter((row) => row.pass === pass);
}

/** Of all these passes, one after the other; `dense` are the same passes by the dense kernels. */
function figures(rows: readonly KernelRow[], dense: readonly KernelRow[]): string[] {
  const total = (value: (row: KernelRow) => number) => rows.reduce((sum, row) => sum + value(row), 0);
  const ms = total((row) => row.ms);
  /** A mean of rates over time. */
  const rate = (value: (row: KernelRow) => number) => total((row) => value(row) * row.ms) / ms;
  const percent = (value: (row: KernelRow) => number | undefined) =>
    rows.some((row) => value(row) === undefined) ? '' : `${(100 * rate((row) => value(row)!)).toFixed(0)}%`;
  const denseMs = dense.reduce((sum, row) => sum + row.ms, 0);
  return [
    ms.toFixed(2),
    total((row) => row.spreadMs).toFixed(2),
    rate((row) => row.effectiveGflops).toFixed(1),
    rate((row) => row.actualGflops).toFixed(1),
    percent((row) => row.shareOfPeak),
    (total((row) => row.bytes) / 1e6).toFixed(1),
    percent((row) => row.shareOfBandwidth),
    denseMs > 0 ? `${(denseMs / ms).toFixed(2)}x` : '',
  ];
}

/** Lines of cells padded to common widths: words to the left, numbers to the right. */
export function aligned(lines: readonly (readonly string[])[], words: number): string[] {
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines.map((line) =>
    line.map((cell, i) => (i < words ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '),
  );
}
