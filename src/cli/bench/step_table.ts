// The rows of `bench step` for people. Sparse steps are compared with dense ones of their precision.

import { aligned } from './kernel_table.js';
import type { StepRow } from './step.js';

const HEADER = [
  'model',
  'method',
  'weights',
  'type',
  'batch',
  'ms a step',
  '+-',
  'updates',
  'images/s',
  'against dense',
];
/** Columns that hold words. */
const WORDS = 4;

export function stepTable(rows: readonly StepRow[]): string {
  const lines = rows.map((row) => {
    const isTwin = ({ model, precision }: StepRow) => model === row.model && precision === row.precision;
    const dense = rows.find((other) => isTwin(other) && other.method === 'dense');
    const updates = row.updateInterval > 0 ? row.updateMs / row.updateInterval / row.ms : 0;
    return [
      row.model,
      row.method,
      weightsOf(row),
      row.precision,
      `${row.batchSize}`,
      row.ms.toFixed(2),
      row.spreadMs.toFixed(2),
      `${(100 * updates).toFixed(1)}%`,
      rate((1000 * row.batchSize) / row.ms),
      dense ? `${(dense.ms / row.ms).toFixed(2)}x` : '',
    ];
  });
  return aligned([HEADER, ...lines], WORDS).join('\n');
}

function weightsOf({ sparsity, blockSize }: StepRow): string {
  if (sparsity === 0) return 'all';
  return blockSize > 0 ? `${sparsity}, blocks of ${blockSize}` : `${sparsity}, single`;
}

function rate(perSecond: number): string {
  return perSecond.toFixed(perSecond < 100 ? 1 : 0);
}
